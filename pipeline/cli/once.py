"""Turn "has this very file been imported?" into an answer, so that a scheduled job may name the same file every night.

A run notes a hash of what was asked for (the bytes of its sources, of its mapping and its states, its flags, the account)
in its folder; `--once` looks for it among the runs before anything is done.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline import forget, store
from pipeline.cli import counted, events, finish, marks, runlog
from pipeline.cli.bar import Bar
from pipeline.cli.talk import put, put_json
from pipeline.errors import Misuse
from pipeline.language import say, statuses
from pipeline.options import PushOptions, RunOptions, Server
from pipeline.read import sha256

UNFINISHED = ("unknown", "failed", "not_attempted")
NOT_IN = (*UNFINISHED, "invalid", "rejected")


def settle(
    options: RunOptions, server: Server | None, pushing: PushOptions, bar: Bar, given: dict[str, Any]
) -> int | None:
    """Answer with the run that there is already, or go on with it; None where the file is new.

    Raises:
        Misuse: a source is no file, whose bytes could be compared.
    """
    if "-" in options.sources:
        raise Misuse(
            say("--once compares files, and standard input is none"), say("Name the file, or leave --once out.")
        )
    if not all(Path(source).is_file() for source in options.sources):
        return None  # reading says what is wrong
    request = marks.fingerprint(options, server, [sha256(Path(source)) for source in options.sources])
    folder = marks.earlier(request, options.out)
    if folder is None:
        return None
    runlog.attach(folder)
    counts = forget.counts(folder)
    since = counted.when(store.facts(folder)["planned"])
    if any(counts.get(name) for name in UNFINISHED) and server is not None and not options.dry_run:
        bar.say(say("this file's run {run} of {when} is not finished; it goes on", run=folder.path, when=since))
        return finish.send(folder, server, replace(pushing, retry="failed"), bar, given, datetime.now(UTC))
    code = 1 if any(counts.get(name) for name in NOT_IN) else 0
    events.ended(folder, code, sum(counts.values()), counts)
    if given["as_json"]:
        put_json("run", {"run": str(folder.path), "dry_run": False, "exit_code": code, "rows": sum(counts.values()),
                         "counts": counts, "actions": {}, "causes": [], "already_imported": True})  # fmt: skip
    else:
        said = statuses.counted(counts)
        put(say("already imported on {when}: {counts}; nothing was done", when=since, counts=said))
        put(say("run          {run}", run=folder.path))
        if following := finish.next_command(folder, counts):
            put(say("next: {command}", command=following))
    return code
