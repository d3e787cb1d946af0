"""Turn what a run was told, and what the user says for its correction, into the sources and options of a round."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl

from pipeline import handoff
from pipeline import mapping as columns
from pipeline.errors import Misuse
from pipeline.handoff import Sheet, SourceFacts
from pipeline.language import say
from pipeline.mapping import MappingFile, MappingRequest
from pipeline.options import RunOptions
from pipeline.rounds.causes import Replacement, applied
from pipeline.sources import Source, file_of, mapping_of, rules_of
from pipeline.targets.interface import Target

SETTINGS = ("on_existing", "match", "duplicates", "blank", "account_country", "test_mode")
"""Options of a run that hold for its corrections too."""


@dataclass(frozen=True)
class Said:
    """What the user says for the correction itself, beside the edits; it beats what the run was started with.

    `options` are fields of RunOptions by name, `request` is about the mapping.
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    request: MappingRequest = field(default_factory=MappingRequest)

    @property
    def maps(self) -> bool:
        """Whether something is said about the mapping."""
        told = self.request
        return bool(told.assigned or told.file or told.constants or told.defaults or told.preset)


def source_of(old: dict[str, Any], said: Said, target: Target, replacements: Sequence[Replacement]) -> Source:
    """A source of the run (`old`, of its facts) with its mapping, and with what the user says of it now; without rows.

    Raises:
        Misuse: what is said of the mapping is wrong, or leaves a required field without a column.
    """
    mapped, file = mapping_of(old), file_of(old)
    headers = tuple(c["header"] for c in old["columns"])
    rules = rules_of(old)
    if said.maps:
        request = replace(said.request, file=_over(mapped, headers, file, said.request.file))
        sample = pl.DataFrame(schema={"row": pl.UInt32, **{f"c{i}": pl.String for i in range(len(headers))}})
        mapped = columns.decide(headers, sample, target.record, request)
        if mapped.missing:
            raise Misuse(*columns.missing_message(mapped, target.record))
        file = request.file or MappingFile()
        rules = columns.row_rules(headers, request)
    mapped = applied(mapped, replacements)
    blank = Sheet(SourceFacts(old["name"], old["kind"], sheet=old["sheet"]), headers, lambda _size: iter(()))
    return Source(blank, mapped, tuple(old["places"]), rules, replace(file, values=mapped.values))


def _over(mapped: handoff.Mapping, headers: tuple[str, ...], file: MappingFile, new: MappingFile | None) -> MappingFile:
    """The run's mapping as a file, with what a new mapping file says instead."""
    with tempfile.TemporaryDirectory(prefix="customer-import-") as scratch:
        path = Path(scratch) / "mapping.toml"
        columns.write_file(path, mapped, headers, file)
        base = columns.load_file(path)
    new = new or MappingFile(name=say("the run's mapping"))
    values = {n: {**base.values.get(n, {}), **new.values.get(n, {})} for n in {**base.values, **new.values}}
    return MappingFile(
        name=new.name, columns={**base.columns, **new.columns}, compose={**base.compose, **new.compose},
        constants={**base.constants, **new.constants}, defaults={**base.defaults, **new.defaults}, values=values,
        skip={**base.skip, **new.skip}, options={**base.options, **new.options, "automatic": False}, lines=new.lines,
    )  # fmt: skip


def options_of(facts: dict[str, Any], said: Said, sources: tuple[Source, ...]) -> RunOptions:
    """The options of the run, and those that the user gives for the correction.

    Raises:
        Misuse: one of them cannot change, or needs a file that is gone.
    """
    kept = {n: facts["options"][n] for n in SETTINGS}
    settings = facts["settings"]
    if said.options.get("match", kept["match"]) != kept["match"]:
        raise Misuse(
            say("--match cannot change within a run"),
            say("Leave --match out, or start a new run from the source file."),
        )
    states = Path(settings["states_file"]) if settings["states_file"] else None
    if states is not None and not states.is_file() and "states_file" not in said.options:
        raise Misuse(
            say("the state catalogue {path} of this run is gone", path=states),
            say("Name it again with --states FILE."),
        )
    base = {
        **kept,
        "business_currency": settings["business_currency"],
        "states_file": states,
        "base_url": facts["base_url"],
    }
    return RunOptions(
        sources=tuple(s.sheet.facts.name for s in sources), target=facts["target"], **{**base, **said.options}
    )
