"""Turn options into a planned, pushed and reported run, and say how it ended."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import polars as pl

from pipeline import outcomes, report, rounds, store, typed
from pipeline.cli import counted, details, events, marks, runlog, screen
from pipeline.cli.bar import Bar
from pipeline.cli.talk import agrees, duration, put, put_cut, put_json, talk
from pipeline.errors import CanaryDone, Interrupted, Misuse, Stop, TooManyErrors
from pipeline.folder import RunFolder
from pipeline.handoff import Result
from pipeline.language import say, say_n, statuses
from pipeline.options import PushOptions, RunOptions, Server
from pipeline.run import Forecast, forecast, origin, prepare, push, write_report

MOST_CAUSES = 5
CANARIES = 20


def run(options: RunOptions, server: Server | None, pushing: PushOptions, bar: Bar, given: dict[str, Any]) -> int:
    """Plan, and unless it is a dry run push; return the exit code."""
    started = datetime.now(UTC)
    prepared = prepare(options, server and replace(server, pace=pushing), bar)
    runlog.attach(prepared.folder)
    request = marks.fingerprint(options, server, [s.facts.sha256 for s in prepared.sources])
    if before := marks.earlier(request, None):
        bar.say(say("this very file was imported before: {run}", run=before.path))
    marks.note(prepared.folder, request)
    for source in prepared.sources:
        _say_source(source, bar)
        details.source(source)
    details.plan(store.facts(prepared.folder))
    events.planned(prepared.folder, pushed=not options.dry_run)
    if options.dry_run or server is None:
        summary = write_report(prepared.folder, pushing, started, prepared.requests, pushed=False, progress=bar)
        if pushing.bulk:
            further = typed.go_on(prepared.folder, "push", "--bulk")
            bar.say(say("--bulk says how it is pushed: {command}", command=further))
        return _end(prepared.folder, summary, given, dry_run=True)
    return send(prepared.folder, server, pushing, bar, given, started, prepared.requests)


def correct(
    folder: RunFolder, edits: rounds.Edits, said: rounds.Said, server: Server | None, pushing: PushOptions, bar: Bar,
    given: dict[str, Any],
) -> int:  # fmt: skip
    """Plan a correction of a run, and unless it is a dry run push; return the exit code."""
    started = datetime.now(UTC)
    runlog.attach(folder)
    prepared = rounds.start(folder, edits, server and replace(server, pace=pushing), bar, said)
    rows = sum(prepared.counts.values())
    bar.say(say("{file}: a correction of {run}, {rows}", file=edits.name, run=folder.path, rows=counted.rows(rows)))
    for note in prepared.notes:
        bar.say(f"  {note}")
    if edits.replacements and rows:
        file = folder.file("mapping.toml")
        bar.say("  " + say("the replacements are in {file}; for the next file: --mapping {file}", file=file))
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
        further = say("Make room; then this writes the files: {command}", command=typed.go_on(folder))
        raise stop or Interrupted(error.message, further) from error
    code = _end(folder, summary, given, dry_run=False)
    if isinstance(stop, Stop):
        raise stop
    if result.stopped == "canary":
        _show_canary(folder, given)
        if _answers(given) and agrees(say("Go on with the other rows?")):
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
        said = say("interrupted; every row that was sent has its outcome")
        return Interrupted(said, say("It goes on with: {command}", command=further))
    if why == "upload":
        said = say("the upload was refused, and the push stopped")
        return Misuse(f"{said}{first}", say("Without uploads it goes on with: {command}", command=further))
    if why in ("max_errors", "hopeless"):
        limit = pushing.max_errors
        rule = say("--max-errors {limit} was reached", limit=limit) if limit else say("nothing was accepted so far")
        look = say("Look at {file}; to go on: {command}", file=folder.file("errors.csv"), command=further)
        return TooManyErrors(f"{rule}{first}", look)
    if why == "canary":
        said = say("stopped after the canary of {rows}", rows=counted.rows(pushing.canary or 0))
        return CanaryDone(said, say("Look at them at the target; to go on: {command}", command=further))
    return None


def _answers(given: dict[str, Any]) -> bool:
    """Whether somebody is at a terminal and wants to be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty() and not given["yes"] and not given["as_json"]


def _show_canary(folder: RunFolder, given: dict[str, Any]) -> None:
    """The rows that were sent so far, with their ids at the target."""
    shown = 0
    for table in outcomes.table(folder, origin(store.facts(folder)), pushed=True):
        for row in table.filter(pl.col("attempts") > 0).select("row", "status", "id").head(CANARIES - shown).rows():
            became = say("row {row}: {status}", row=row[0], status=statuses.status(row[1]))
            talk(f"  {became}{f', {row[2]}' if row[2] else ''}", quiet=given["quiet"])
            shown += 1


def _confirm(ahead: Forecast, server: Server, folder: RunFolder, given: dict[str, Any]) -> None:
    if server.kind == "sandbox" or not (ahead.creates or ahead.updates or ahead.doubtful):
        return
    talk("\n".join(_plan(ahead, bulk=given["bulk"])), quiet=given["quiet"] and given["yes"])
    if given["yes"]:
        return
    if not _answers(given):
        raise Misuse(
            say("a live push needs an answer, and nobody is at a terminal"),
            say("Review the plan, then: {command}", command=typed.go_on(folder, "push", "--yes")),
        )
    if not agrees(say("Go ahead?")):
        raise Interrupted(say("nothing was sent"), say("The plan is kept: {command}", command=typed.go_on(folder)))


def _plan(ahead: Forecast, *, bulk: bool) -> list[str]:
    """What a live push is about to do, line by line."""
    mode = screen.style(counted.mode(ahead.mode), "red" if ahead.mode == "LIVE" else "yellow", "bold")
    requests = counted.requests(ahead.requests)
    lines = [
        say("{target}, workspace {workspace}, {mode} data, {host}",
            target=ahead.target, workspace=ahead.workspace, mode=mode, host=ahead.host),
        "  " + say_n("{n:n} customer to create, {updates:n} to update: {requests}, {pace}",
                     "{n:n} customers to create, {updates:n} to update: {requests}, {pace}",
                     ahead.creates, updates=ahead.updates, pace=counted.pace(ahead.rate, duration(ahead.seconds)),
                     requests=say("{requests} with uploads", requests=requests) if bulk else requests),
    ]  # fmt: skip
    if ahead.doubtful:
        lines.append("  " + say_n("{n:n} row without an answer: looked up first, and sent only where not there",
                                  "{n:n} rows without an answer: looked up first, and sent only where not there",
                                  ahead.doubtful))  # fmt: skip
    lines += [f"  {name}: {said}" for name, said in ahead.switches.items()]
    return lines + [f"  {say('not checked: {what}', what=what)}" for what in ahead.unchecked]


def _say_source(source: Any, bar: Bar) -> None:
    facts, mapped = source.facts, source.mapping
    used = [c for c in mapped.choices if c.field] + [
        c for c in mapped.choices if not c.field and any(c.index in p for p in mapped.parts.values())
    ]
    name = say("{file}, sheet {sheet}", file=facts.name, sheet=facts.sheet) if facts.sheet else facts.name
    bar.say(say("{file}: {used} of {all} columns are used", file=name, used=len(used), all=len(mapped.choices)))
    for note in (*facts.notes, *mapped.notes):
        bar.say(f"  {note}")


def _end(folder: RunFolder, summary: report.Summary, given: dict[str, Any], *, dry_run: bool) -> int:
    code = 1 if summary.not_in else 0
    runlog.rows(summary.counts)
    events.ended(folder, code, summary.rows, summary.counts)
    if given["as_json"]:
        put_json("run", {"run": str(folder.path), "dry_run": dry_run, "exit_code": code, "rows": summary.rows,
                         "counts": summary.counts, "actions": summary.actions, "causes": causes(summary),
                         "unread": counted.unread(store.own_facts(folder))})  # fmt: skip
    else:
        show(folder, summary)
    return code


def causes(summary: report.Summary) -> list[dict[str, Any]]:
    """The causes of a summary for JSON."""
    return [
        {"code": c.code, "severity": c.severity, "column": c.column, "field": c.field, "rows": c.rows, "title": c.title,
         "remedy": c.remedy, "detail": c.detail or None, "examples": [{"row": e.row, "value": e.value, "message": e.message} for e in c.examples]}
        for c in summary.causes
    ]  # fmt: skip


def show(folder: RunFolder, summary: report.Summary) -> None:
    """Print how a run stands: the counts, what keeps rows out, the files, what to type next."""
    put(counted.conservation(summary.rows, summary.counts))
    if left := counted.unread_line(store.own_facts(folder)):
        put(left)
    wrong = [c for c in summary.causes if c.severity == "error"]
    for cause in wrong[:MOST_CAUSES]:
        examples = [(e.row, e.value) for e in cause.examples[:1]]
        put_cut(counted.cause(cause.rows, cause.title, cause.column, examples, cause.detail))
    if more := max(0, len(wrong) - MOST_CAUSES):
        put("  " + say_n("… and {n:n} more cause in the report", "… and {n:n} more causes in the report", more))
    for note in summary.notes:
        put(f"  {note}")
    for name in ("report.html", "results.csv", *(n for n in ("errors.xlsx", "errors.csv") if n in summary.files)):
        put(f"{name:<12} {folder.file(name)}")
    following = next_command(folder, summary.counts)
    if following:
        put(say("next: {command}", command=following))


def next_command(folder: RunFolder, counts: Mapping[str, int]) -> str | None:
    """What to type next, given the rows by status; None where everything is in."""
    if any(counts.get(name) for name in ("ready", "unknown", "not_attempted")):
        return typed.go_on(folder)
    if counts.get("failed"):
        return typed.go_on(folder, "push", "--retry", "failed")
    if counts.get("invalid") or counts.get("rejected"):
        file = rounds.newest_errors(folder)
        return say("correct {file}, then: {command}", file=file, command=typed.again(folder, file))
    return None
