"""Turn the edits of an error file into a round of its run: a plan of the corrected rows, in `round-N/`."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from pipeline import mapping as columns
from pipeline import store, targets
from pipeline.errors import Misuse
from pipeline.fitting import same_server
from pipeline.folder import RunFolder, cannot_write
from pipeline.handoff import Sheet, SourceFacts
from pipeline.language import say
from pipeline.mapping import MappingFile, MappingRequest
from pipeline.options import RunOptions, Server
from pipeline.prepare import Correction, Prepared, make_plan
from pipeline.progress import Progress
from pipeline.rounds.builder import RoundBuilder
from pipeline.rounds.causes import applied, idle
from pipeline.rounds.reading import Edits, mark
from pipeline.rounds.rows import Chosen, choose
from pipeline.rounds.sheets import sheets
from pipeline.rounds.standing import others
from pipeline.sources import Source, file_of, mapping_of, rules_of, source_facts

SETTINGS = ("on_existing", "match", "duplicates", "blank", "account_country", "limit", "test_mode")


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


@dataclass(frozen=True)
class Checked:
    """What a correction would come to: `counts` of its rows by status, and `rows` with their issues."""

    counts: dict[str, int]
    rows: pl.DataFrame
    notes: tuple[str, ...]


def check(
    folder: RunFolder, edits: Edits, said: Said | None = None, *, progress: Progress, server: Server | None = None
) -> Checked:  # fmt: skip
    """Judge the edits as a round would; nothing is kept, and without a `server` no request is sent.

    `rows` has seq, origin, source, sheet, row, status, issues, changes, payload and the cells.

    Raises:
        Misuse: the edits cannot be matched.
    """
    with _locked(folder), _scratch(folder) as scratch, _set_aside(folder, edits):
        prepared = _plan(folder, scratch, edits, said or Said(), server, progress)
        kept = [f"c{i}" for i in range(len(store.facts(folder)["headers"]))]
        names = ("seq", "origin", "source", "sheet", "row", "status", "issues", "changes", "payload", *kept)
        path = scratch.file("plan.parquet")
        rows = pl.read_parquet(path, columns=list(names)) if path.exists() else _nothing(kept)
        return Checked(prepared.counts, rows, prepared.notes)


def start(
    folder: RunFolder, edits: Edits, server: Server | None, progress: Progress, said: Said | None = None
) -> Prepared:  # fmt: skip
    """Plan a round of the run; `push` then sends its rows. A round that no push has begun with is replaced.

    Raises:
        Stop: the edits, the mapping or the target do not allow it; nothing was changed.
    """
    with _locked(folder):
        with _scratch(folder) as scratch, _set_aside(folder, edits):
            prepared = _plan(folder, scratch, edits, said or Said(), server, progress)
            if prepared.counts:
                scratch.path.rename(folder.file(f"round-{store.own_facts(scratch)['round']}"))
        if prepared.counts:
            _keep_mapping(folder)
        return replace(prepared, folder=folder)


def _nothing(cells: list[str]) -> pl.DataFrame:
    kept = {n: t for n, t in store.ROUND_SCHEMA.items() if n in (
        "seq", "origin", "source", "sheet", "row", "status", "issues", "changes", "payload")}  # fmt: skip
    return pl.DataFrame(schema={**kept, **dict.fromkeys(cells, pl.String)})


def withdraw(folder: RunFolder, plan: str) -> bool:
    """Take back the last round, if its plan's hash begins with `plan` and no push has begun with it.

    Raises:
        Misuse: a push of the run is under way.
    """
    with _locked(folder):
        last = store.plans(folder)[-1]
        if last.path == folder.path or last.file(store.PUSHED).exists():
            return False
        if not plan or not str(store.own_facts(last)["plan_sha256"]).startswith(plan):
            return False
        gone = folder.file(f".round-{secrets.token_hex(4)}")
        last.path.rename(gone)  # at once, so that a round is there whole or not at all
        shutil.rmtree(gone, ignore_errors=True)
        return True


@contextlib.contextmanager
def _set_aside(folder: RunFolder, edits: Edits) -> Iterator[None]:
    """Plan as if a round that no push has begun with were not there; it comes back unless another takes its place."""
    number = int(store.facts(folder).get("round", 0))
    last, aside = folder.file(f"round-{number}"), folder.file(f".round-{number}.{secrets.token_hex(4)}")
    if edits.round is None or edits.round >= number:
        yield
        return
    last.rename(aside)
    try:
        yield
    finally:
        if last.exists():
            shutil.rmtree(aside, ignore_errors=True)
        else:
            aside.rename(last)


def _keep_mapping(folder: RunFolder) -> None:
    """Write the run's mapping as a file for the next import, where a correction has said something about it."""
    first = store.facts(folder)["sources"][0]
    headers = tuple(c["header"] for c in first["columns"])
    with folder.writing("mapping.toml") as path:
        columns.write_file(path, mapping_of(first), headers, file_of(first))


@contextlib.contextmanager
def _locked(folder: RunFolder) -> Iterator[None]:
    """Keep pushes and other corrections of the run away; a dead process keeps nobody away."""
    import filelock

    try:
        with filelock.FileLock(folder.file(".lock"), timeout=0, mode=0o600):
            yield
    except filelock.Timeout as error:
        raise Misuse(
            say("a push of this run is under way"), say("Wait until it has finished, then run the error file again.")
        ) from error


@contextlib.contextmanager
def _scratch(folder: RunFolder) -> Iterator[RunFolder]:
    """A private folder inside the run, which goes away unless it was renamed."""
    try:
        path = Path(tempfile.mkdtemp(prefix=".round-", dir=folder.path))
    except OSError as error:
        raise cannot_write(folder.path, error) from error
    try:
        yield RunFolder(path)
    except OSError as error:
        raise cannot_write(folder.path, error) from error
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _plan(
    folder: RunFolder, scratch: RunFolder, edits: Edits, said: Said, server: Server | None, progress: Progress
) -> Prepared:  # fmt: skip
    facts = store.facts(folder)
    refuse_older(facts)
    target = targets.load(facts["target"])
    if server is not None:  # before it is asked who is there
        same_server(facts, server, server.secrets[target.workspace])
    number = int(facts.get("round", 0)) + 1
    spool = scratch.file(".spool")
    spool.mkdir(mode=0o700)
    try:
        chosen = choose(folder, facts, edits)
        made = [_source(s, said, target, edits) for s in facts["sources"]]
        notes = [*edits.notes, *chosen.notes, *idle([s.mapping for s in made], edits.replacements)]
        if not chosen.rows.height:
            return Prepared(folder, {}, (), [], 0, tuple(notes))
        sources = sheets(tuple(made), facts, chosen, number)
        options = _options(facts, said, sources)
        prepared = make_plan(options, server, target, scratch, spool, sources, progress,
                             _correction(folder, facts, made, chosen, number))  # fmt: skip
        return replace(prepared, sources=(), notes=(*notes, *prepared.notes))
    finally:
        shutil.rmtree(spool, ignore_errors=True)


def _correction(
    folder: RunFolder, facts: dict[str, Any], made: list[Source], chosen: Chosen, number: int
) -> Correction:  # fmt: skip
    origins = chosen.rows["origin"].drop_nulls()
    holder: list[RoundBuilder] = []

    def build(*args: Any) -> RoundBuilder:
        holder.append(RoundBuilder(
            *args, others=partial(others, folder, facts, origins), mark=f"{mark(folder, facts)}|{number}",
            width=len(facts["headers"]),
        ))  # fmt: skip
        return holder[0]

    told = {
        "round": number, "first_seq": store.end(folder), "added": int(chosen.rows["origin"].null_count()),
        "previous": store.own_facts(store.plans(folder)[-1])["plan_sha256"], "headers": facts["headers"],
        "sources": [_told(old, source) for old, source in zip(facts["sources"], made, strict=True)],
    }  # fmt: skip
    return Correction(facts, told, build, lambda found: holder[0].known(found))


def _told(old: dict[str, Any], source: Source) -> dict[str, Any]:
    """What was detected about a source, with its mapping as it stands now."""
    new = source_facts(source)
    return {**new, **{n: old[n] for n in ("name", "kind", "encoding", "delimiter", "sheet", "header_row", "rows", "sha256",
                                          "notes", "places")}}  # fmt: skip


def _source(old: dict[str, Any], said: Said, target: Any, edits: Edits) -> Source:
    """A source of the run with its mapping, and with what the user says of it now."""
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
    mapped = applied(mapped, edits.replacements)
    blank = Sheet(SourceFacts(old["name"], old["kind"], sheet=old["sheet"]), headers, lambda _size: iter(()))
    return Source(blank, mapped, tuple(old["places"]), rules, replace(file, values=mapped.values))


def _over(mapped: Any, headers: tuple[str, ...], file: MappingFile, new: MappingFile | None) -> MappingFile:
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


def _options(facts: dict[str, Any], said: Said, sources: tuple[Source, ...]) -> RunOptions:
    """The options of the run, and those that the user gives for the correction."""
    kept = {n: facts["options"][n] for n in SETTINGS if n != "limit"}
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


def refuse_older(facts: dict[str, Any]) -> None:
    """Stop where the plan lacks what a correction needs.

    Raises:
        Misuse: it was made by a version without corrections.
    """
    if "settings" not in facts:
        raise Misuse(say("the run was planned by a version of this program that knew no corrections"),
                     say("Correct the source file, and run that."))  # fmt: skip
