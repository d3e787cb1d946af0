"""Turn a run folder into a few lines (or JSON) that say what became of every row, so far."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli import complete, counted, runlog
from pipeline.cli.help import Command
from pipeline.cli.talk import put, put_cut, put_json
from pipeline.errors import BrokenInvariant
from pipeline.folder import RunFolder
from pipeline.language import say, say_n, spoken

if TYPE_CHECKING:
    import polars as pl

EXAMPLES = 3


@click.command("status", cls=Command, short_help="What became of every row, so far.")
@click.argument("run", metavar="RUN", shell_complete=complete.runs, default="latest")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.option("-q", "--quiet", is_flag=True, help="Only the exit code.")
def command(run: str, as_json: bool, quiet: bool) -> int:
    """Say what became of every row of RUN (a run folder, or latest), also while a push is under way.

    \b
    Examples:
      customer-import status
      customer-import status runs/clientes-piriod-20261121T093000Z --json
    """
    import polars as pl

    from pipeline import forget, issues, journal, outcomes, store
    from pipeline.cli.forget import show_forgotten
    from pipeline.run import origin

    folder = runlog.find(run)
    if forgotten := forget.recall(folder):
        return show_forgotten(folder, forgotten, as_json=as_json, quiet=quiet)
    facts = store.facts(folder)
    pushed = store.unpushed(folder) is None
    counts: Counter[str] = Counter()
    found: list[pl.DataFrame] = []
    for table in outcomes.table(folder, origin(facts), pushed=pushed):
        counts.update(dict(table["status"].value_counts().iter_rows()))
        bad = table.filter(
            pl.col("status").is_in(["invalid", "rejected", "failed", "unknown"]) & (pl.col("issues").list.len() > 0)
        )
        told = bad.select("row", "issues").explode("issues").unnest("issues").filter(issues.is_error("code"))
        found.append(
            told.with_columns(gist=outcomes.gist()).group_by("code", "column", "gist").agg(
                pl.len().alias("rows"), pl.col("detail").unique(maintain_order=True).head(2).alias("said"),
                pl.struct("row", "value").head(EXAMPLES).alias("examples"),
            )
        )  # fmt: skip
    if counts.total() != facts["rows"]:
        raise BrokenInvariant(
            say("{count} rows have an outcome, and {read} were read", count=counts.total(), read=facts["rows"]),
            say("This is a bug; please report it."),
        )
    code = 1 if any(counts[n] for n in ("invalid", "rejected", "failed", "unknown", "not_attempted")) else 0
    causes = _causes(found)
    under_way = pushed and _under_way(folder)
    undone = journal.undone(folder.file("journal.db"))
    if as_json:
        put_json(
            "status",
            {
                "run": str(folder.path),
                "rows": facts["rows"],
                "counts": dict(counts),
                "pushed": pushed,
                "under_way": under_way,
                "causes": causes,
                "undone": undone,
            },
        )
    elif not quiet:
        _show(folder, facts, counts, causes, pushed=pushed, under_way=under_way, undone=undone)
    return code


def _under_way(folder: RunFolder) -> bool:
    """Whether a process is pushing the run now; a dead one holds no lock."""
    import filelock

    try:
        with filelock.FileLock(folder.file(".lock"), timeout=0, mode=0o600):
            return False
    except filelock.Timeout:
        return True
    except OSError:
        return False


def _causes(found: list[pl.DataFrame]) -> list[dict[str, Any]]:
    import polars as pl

    from pipeline import issues, outcomes

    if not found:
        return []
    every = (
        pl.concat(found)
        .group_by("code", "column", "gist")
        .agg(pl.col("rows").sum(), pl.col("said").explode().unique(maintain_order=True), pl.col("examples").explode().head(EXAMPLES))
        .sort("rows", pl.col("examples").list.first().struct.field("row"), descending=[True, False])
    )  # fmt: skip
    detail = pl.when(pl.col("said").list.len() == 1).then(pl.col("said").list.first().str.slice(0, outcomes.LONGEST))
    every = every.with_columns(detail=pl.when(pl.col("gist") != "").then(detail.otherwise("gist"))).drop("gist", "said")
    kinds = issues.catalogue(spoken())
    return [
        {**line, "title": kinds[line["code"]].title if line["code"] in kinds else line["code"]}
        for line in every.to_dicts()
    ]


def _show(
    folder: RunFolder, facts: dict[str, Any], counts: Counter[str], causes: list[dict[str, Any]], *, pushed: bool,
    under_way: bool, undone: dict[str, int],
) -> None:  # fmt: skip
    from pipeline import store
    from pipeline.cli.finish import next_command

    state = say("pushed") if pushed else say("planned, not pushed")
    if under_way:
        state = say("a push is under way")
    put(f"{folder.path}: {facts['target']}, {counted.mode(facts['mode'])}, {state}")
    put(counted.conservation(facts["rows"], counts))
    if undone:
        _show_undone(folder, undone)
    if left := counted.unread_line(store.own_facts(folder)):
        put(left)
    for cause in causes[:5]:
        examples = [(e["row"], e["value"]) for e in cause["examples"]]
        put_cut(counted.cause(cause["rows"], cause["title"], cause["column"], examples, cause["detail"] or ""))
    if under_way:
        put(say("rows that are on their way count as unknown"))
    following = None if under_way else next_command(folder, counts)
    if following:
        put(say("next: {command}", command=following))


def _show_undone(folder: RunFolder, undone: dict[str, int]) -> None:
    """Say that updates were put back, and how far."""
    from pipeline import typed
    from pipeline.cli.undo import OUT, UNDONE

    said = ", ".join(say_n(*UNDONE[state], n) for state, n in undone.items())
    put(say("undone since: {said} (undo.csv)", said=said))
    if any(state not in (*OUT, "partly", "left") for state in undone):
        put(say("next: {command}", command=typed.go_on(folder, "undo")))
