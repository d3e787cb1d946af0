"""Turn options into a planned, pushed and reported run, and say how it ended."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import polars as pl

from pipeline import outcomes, report, rounds, store, typed
from pipeline.cli import details, events, marks, runlog, screen
from pipeline.cli.bar import Bar
from pipeline.cli.talk import agrees, count, duration, put, put_cut, put_json, talk
from pipeline.errors import CanaryDone, Interrupted, Misuse, Stop, TooManyErrors
from pipeline.folder import RunFolder
from pipeline.options import PushOptions, RunOptions, Server
from pipeline.run import Forecast, Result, forecast, origin, prepare, push, write_report

MOST_CAUSES = 5
CANARIES = 20
WIDTH = 100


def run(options: RunOptions, server: Server | None, pushing: PushOptions, bar: Bar, given: dict[str, Any]) -> int:
    """Plan, and unless it is a dry run push; return the exit code."""
    started = datetime.now(UTC)
    prepared = prepare(options, server, bar)
    runlog.attach(prepared.folder)
    request = marks.fingerprint(options, server, [s.facts.sha256 for s in prepared.sources])
    if before := marks.earlier(request, None):
        bar.say(f"this very file was imported before: {before.path}")
    marks.note(prepared.folder, request)
    for source in prepared.sources:
        _say_source(source, bar)
        details.source(source)
    details.plan(store.facts(prepared.folder))
    events.planned(prepared.folder, pushed=not options.dry_run)
    if options.dry_run or server is None:
        summary = write_report(prepared.folder, pushing, started, prepared.requests, pushed=False, progress=bar)
        if pushing.bulk:
            bar.say(f"--bulk says how it is pushed: {typed.go_on(prepared.folder, 'push', '--bulk')}")
        return _end(prepared.folder, summary, given, dry_run=True)
    return send(prepared.folder, server, pushing, bar, given, started, prepared.requests)


def correct(
    folder: RunFolder, edits: rounds.Edits, said: rounds.Said, server: Server | None, pushing: PushOptions, bar: Bar,
    given: dict[str, Any],
) -> int:  # fmt: skip
    """Plan a correction of a run, and unless it is a dry run push; return the exit code."""
    started = datetime.now(UTC)
    runlog.attach(folder)
    prepared = rounds.start(folder, edits, server, bar, said)
    rows = sum(prepared.counts.values())
    bar.say(f"{edits.name}: a correction of {folder.path}, {count(rows, 'row')}")
    for note in prepared.notes:
        bar.say(f"  {note}")
    if edits.replacements and rows:
        bar.say(
            f"  the replacements are in {folder.file('mapping.toml')}; for the next file: --mapping {folder.file('mapping.toml')}"
        )
    events.planned(folder, pushed=not given["dry_run"])
    if given["dry_run"] or server is None:
        summary = write_report(folder, pushing, started, prepared.requests, pushed=False, progress=bar)
        return _end(folder, summary, given, dry_run=True)
    return send(folder, server, pushing, bar, given, started, prepared.requests)


def send(
    folder: RunFolder, server: Server, pushing: PushOptions, bar: Bar, given: dict[str, Any], started: datetime,
    requests: int = 0,
) -> int:  # fmt: skip
    """Ask, push, report; whatever stops the push, the result files are written first."""
    ahead = forecast(folder, server, pushing)
    _confirm(ahead, server, folder, given)
    stop: BaseException | None = None
    result = Result()
    try:
        result, more = push(folder, server, pushing, bar, events.watch(folder))
        requests += more
    except Misuse:
        raise
    except (Stop, KeyboardInterrupt) as error:
        stop = error
    try:
        summary = write_report(folder, pushing, started, requests, pushed=True, progress=bar)
    except Misuse as error:  # what was sent is in the journal all the same
        raise stop or Interrupted(
            error.message, f"Make room; then this writes the files: {typed.go_on(folder)}"
        ) from error
    code = _end(folder, summary, given, dry_run=False)
    if isinstance(stop, Stop):
        raise stop
    if result.stopped == "canary":
        _show_canary(folder, given)
        if _answers(given) and agrees("Go on with the other rows?"):
            return send(folder, server, replace(pushing, canary=None), bar, {**given, "yes": True}, started, requests)
    early = _stopped_early("interrupted" if stop else result.stopped, result.causes, folder, pushing)
    if early is not None:
        raise early
    return code


def _stopped_early(why: str | None, causes: list[str], folder: RunFolder, pushing: PushOptions) -> Stop | None:
    """What to tell where a push did not come to its end by itself."""
    further = typed.go_on(folder)
    first = f" ({'; '.join(causes)})" if causes else ""
    if why == "interrupted":
        return Interrupted("interrupted; every row that was sent has its outcome", f"It goes on with: {further}")
    if why == "upload":
        return Misuse(
            f"the upload was refused, and the push stopped{first}", f"Without uploads it goes on with: {further}"
        )
    if why in ("max_errors", "hopeless"):
        rule = f"--max-errors {pushing.max_errors} was reached" if pushing.max_errors else "nothing was accepted so far"
        return TooManyErrors(f"{rule}{first}", f"Look at {folder.file('errors.csv')}; to go on: {further}")
    if why == "canary":
        said = f"stopped after the canary of {count(pushing.canary or 0, 'row')}"
        return CanaryDone(said, f"Look at them at the target; to go on: {further}")
    return None


def _answers(given: dict[str, Any]) -> bool:
    """Whether somebody is at a terminal and wants to be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty() and not given["yes"] and not given["as_json"]


def _show_canary(folder: RunFolder, given: dict[str, Any]) -> None:
    """The rows that were sent so far, with their ids at the target."""
    shown = 0
    for table in outcomes.table(folder, origin(store.facts(folder)), pushed=True):
        for row in table.filter(pl.col("attempts") > 0).select("row", "status", "id").head(CANARIES - shown).rows():
            talk(f"  row {row[0]}: {row[1]}{f', {row[2]}' if row[2] else ''}", quiet=given["quiet"])
            shown += 1


def _confirm(ahead: Forecast, server: Server, folder: RunFolder, given: dict[str, Any]) -> None:
    if server.kind == "sandbox" or not (ahead.creates or ahead.updates or ahead.doubtful):
        return
    mode = screen.style(ahead.mode, "red" if ahead.mode == "LIVE" else "yellow", "bold")
    pace = f"at {ahead.rate:g} requests a second at least {duration(ahead.seconds)}" if ahead.rate else "at no set pace"
    how = " with uploads" if given["bulk"] else ""
    lines = [
        f"{ahead.target}, workspace {ahead.workspace}, {mode} data, {ahead.host}",
        f"  {count(ahead.creates, 'customer')} to create, {ahead.updates:,} to update: {count(ahead.requests, 'request')}{how}, {pace}",
        *(
            [f"  {count(ahead.doubtful, 'row')} without an answer: looked up first, and sent only where not there"]
            if ahead.doubtful
            else []
        ),
        *(f"  {name}: {said}" for name, said in ahead.switches.items()),
        *(f"  not checked: {what}" for what in ahead.unchecked),
    ]
    talk("\n".join(lines), quiet=given["quiet"] and given["yes"])
    if given["yes"]:
        return
    if not _answers(given):
        raise Misuse(
            "a live push needs an answer, and nobody is at a terminal",
            f"Review the plan, then: {typed.go_on(folder, 'push', '--yes')}",
        )
    if not agrees("Go ahead?"):
        raise Interrupted("nothing was sent", f"The plan is kept: {typed.go_on(folder)}")


def _say_source(source: Any, bar: Bar) -> None:
    facts, mapped = source.facts, source.mapping
    used = [c for c in mapped.choices if c.field] + [
        c for c in mapped.choices if not c.field and any(c.index in p for p in mapped.parts.values())
    ]
    where = f", sheet {facts.sheet}" if facts.sheet else ""
    bar.say(f"{facts.name}{where}: {len(used)} of {len(mapped.choices)} columns are used")
    for note in (*facts.notes, *mapped.notes):
        bar.say(f"  {note}")


def _end(folder: RunFolder, summary: report.Summary, given: dict[str, Any], *, dry_run: bool) -> int:
    code = 1 if summary.not_in else 0
    runlog.rows(summary.counts)
    events.ended(folder, code, summary.rows, summary.counts)
    if given["as_json"]:
        put_json("run", {"run": str(folder.path), "dry_run": dry_run, "exit_code": code, "rows": summary.rows,
                         "counts": summary.counts, "actions": summary.actions, "causes": causes(summary)})  # fmt: skip
    else:
        show(folder, summary)
    return code


def causes(summary: report.Summary) -> list[dict[str, Any]]:
    """The causes of a summary for JSON."""
    return [
        {"code": c.code, "severity": c.severity, "column": c.column, "field": c.field, "rows": c.rows, "title": c.title,
         "remedy": c.remedy, "examples": [{"row": e.row, "value": e.value, "message": e.message} for e in c.examples]}
        for c in summary.causes
    ]  # fmt: skip


def conservation(rows: int, counts: Mapping[str, int]) -> str:
    """The line that proves that no row is lost: those that are in come first."""
    said = " + ".join(f"{counts[name]:,} {name}" for name in report.STATUSES if counts.get(name))
    return f"{rows:,} rows read = {said or 'none'}"


def show(folder: RunFolder, summary: report.Summary) -> None:
    """Print how a run stands: the counts, what keeps rows out, the files, what to type next."""
    put(conservation(summary.rows, summary.counts))
    wrong = [c for c in summary.causes if c.severity == "error"]
    for cause in wrong[:MOST_CAUSES]:
        example = cause.examples[0] if cause.examples else None
        where = f" in {cause.column}" if cause.column else ""
        shown = f" (row {example.row}{': ' + example.value if example.value else ''})" if example else ""
        put_cut(f"  {cause.rows:>6,} × {cause.title}{where}{shown}")
    if len(wrong) > MOST_CAUSES:
        put(f"  … and {len(wrong) - MOST_CAUSES} more causes in the report")
    for note in summary.notes:
        put(f"  {note}")
    for name in ("report.html", "results.csv", *(n for n in ("errors.xlsx", "errors.csv") if n in summary.files)):
        put(f"{name:<12} {folder.file(name)}")
    following = next_command(folder, summary.counts)
    if following:
        put(f"next: {following}")


def next_command(folder: RunFolder, counts: Mapping[str, int]) -> str | None:
    """What to type next, given the rows by status; None where everything is in."""
    if any(counts.get(name) for name in ("ready", "unknown", "not_attempted")):
        return typed.go_on(folder)
    if counts.get("failed"):
        return typed.go_on(folder, "push", "--retry", "failed")
    if counts.get("invalid") or counts.get("rejected"):
        file = rounds.newest_errors(folder)
        return f"correct {file}, then: {typed.again(folder, file)}"
    return None
