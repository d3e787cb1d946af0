"""Turn the edits of an error file into a round of its run: a plan of the corrected rows, in `round-N/`."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import polars as pl

from pipeline import mapping as columns
from pipeline import store, targets
from pipeline.errors import Misuse
from pipeline.fitting import same_server
from pipeline.folder import RunFolder
from pipeline.language import say
from pipeline.options import Server
from pipeline.prepare import Correction, Prepared, make_plan
from pipeline.progress import Progress
from pipeline.rounds.belonging import mark
from pipeline.rounds.builder import RoundBuilder
from pipeline.rounds.causes import idle
from pipeline.rounds.placing import before, locked, put, scratch_in
from pipeline.rounds.reading import Edits
from pipeline.rounds.rows import Chosen, choose
from pipeline.rounds.said import Said, options_of, source_of
from pipeline.rounds.sheets import sheets
from pipeline.rounds.standing import others
from pipeline.sources import Source, file_of, mapping_of, source_facts

JUDGED = ("seq", "origin", "source", "sheet", "row", "status", "issues", "changes", "payload")


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

    `rows` has the columns JUDGED and the cells.

    Raises:
        Misuse: the edits cannot be matched.
    """
    with locked(folder), scratch_in(folder) as scratch:
        prepared = _plan(before(folder, edits), scratch, edits, said or Said(), server, progress)
        kept = [f"c{i}" for i in range(len(store.facts(folder)["headers"]))]
        path = scratch.file("plan.parquet")
        rows = pl.read_parquet(path, columns=[*JUDGED, *kept]) if path.exists() else _nothing(kept)
        return Checked(prepared.counts, rows, prepared.notes)


def start(
    folder: RunFolder, edits: Edits, server: Server | None, progress: Progress, said: Said | None = None
) -> Prepared:  # fmt: skip
    """Plan a round of the run; `push` then sends its rows. A round that no push has begun with is replaced.

    Raises:
        Stop: the edits, the mapping or the target do not allow it; nothing was changed.
    """
    with locked(folder):
        with scratch_in(folder) as scratch:
            prepared = _plan(before(folder, edits), scratch, edits, said or Said(), server, progress)
            if prepared.counts:
                put(scratch, folder.file(f"round-{store.own_facts(scratch)['round']}"))
        if prepared.counts:
            _keep_mapping(folder)
        return replace(prepared, folder=folder)


def _nothing(cells: list[str]) -> pl.DataFrame:
    judged = {n: t for n, t in store.ROUND_SCHEMA.items() if n in JUDGED}
    return pl.DataFrame(schema={**judged, **dict.fromkeys(cells, pl.String)})


def _keep_mapping(folder: RunFolder) -> None:
    """Write the run's mapping as a file for the next import, where a correction has said something about it."""
    first = store.facts(folder)["sources"][0]
    headers = tuple(c["header"] for c in first["columns"])
    with folder.writing("mapping.toml") as path:
        columns.write_file(path, mapping_of(first), headers, file_of(first))


def _plan(
    folder: RunFolder, scratch: RunFolder, edits: Edits, said: Said, server: Server | None, progress: Progress
) -> Prepared:  # fmt: skip
    facts = store.facts(folder)
    _refuse_older(facts)
    target = targets.load(facts["target"])
    if server is not None:  # before it is asked who is there
        same_server(facts, server, server.secrets[target.workspace])
    number = int(facts.get("round", 0)) + 1
    spool = scratch.file(".spool")
    spool.mkdir(mode=0o700)
    try:
        chosen = choose(folder, facts, edits)
        made = [source_of(s, said, target, edits.replacements) for s in facts["sources"]]
        notes = [*edits.notes, *chosen.notes, *idle([s.mapping for s in made], edits.replacements)]
        if not chosen.rows.height:
            return Prepared(folder, {}, (), [], 0, tuple(notes))
        sources = sheets(tuple(made), facts, chosen, number)
        options = options_of(facts, said, sources)
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


def _refuse_older(facts: dict[str, Any]) -> None:
    """Stop where the plan lacks what a correction needs.

    Raises:
        Misuse: it was made by a version without corrections.
    """
    if "settings" not in facts:
        raise Misuse(say("the run was planned by a version of this program that knew no corrections"),
                     say("Correct the source file, and run that."))  # fmt: skip
