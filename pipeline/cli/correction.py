"""Turn an error file that comes back into the next round of its run."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pipeline import mapping, rounds, store, targets
from pipeline.cli import configuration, counted, environment, finish, flags, marks
from pipeline.cli.bar import Bar
from pipeline.cli.push import server_of
from pipeline.errors import Misuse
from pipeline.folder import RunFolder
from pipeline.language import say
from pipeline.options import Server
from pipeline.read import ReadOptions

OWN = ("on_existing", "match", "duplicates", "blank", "account_country", "business_currency", "decimal")
"""Flags that a correction may say anew; where they are absent, what the run was started with holds."""

PACE = ("rate", "concurrency", "max_retries", "timeout", "settle", "max_errors", "canary", "bulk", "bulk_rows", "bulk_part",
        "raw_csv", "lang", "quiet")  # fmt: skip
"""Flags of how a run is pushed and told: a configuration file may say them of a correction too."""


def run(given: dict[str, Any], bar: Bar) -> int | None:
    """Plan and push the correction that the source is; None where no source is an error file.

    Raises:
        Misuse: it is one, and cannot be matched or does not fit the flags.
    """
    found = [_recognised(source, given, bar) for source in given["sources"]]
    if not any(found):
        return None
    if len(found) > 1:
        raise Misuse(say("an error file is corrected by itself"), say("Name the error file alone."))
    assert found[0] is not None
    folder, edits = found[0]
    marks.adopt(folder)
    facts = store.facts(folder)
    given = configuration.only_typed(given, but=PACE)
    _must_fit(folder, facts, given)
    with _server(facts, given) as server:
        return finish.correct(folder, edits, _said(given), server, flags.push_options(given), bar, given)


def must_not_be_lost(sources: Sequence[str]) -> None:
    """Stop where a source is an error file that names no run any more.

    Raises:
        Misuse: it is one.
    """
    for source in sources:
        if source != "-" and rounds.lost_its_mark(Path(source)):
            raise Misuse(
                say(
                    "{path} is an error file without its column _run, so nothing says to which run it belongs",
                    path=source,
                ),
                say(rounds.KEEP_OURS),
            )


def _recognised(source: str, given: dict[str, Any], bar: Bar) -> tuple[RunFolder, rounds.Edits] | None:
    options = ReadOptions(
        sheet=given["sheet"], header_row=given["header_row"], encoding=given["encoding"],
        delimiter="\t" if given["delimiter"] in ("tab", "\\t") else given["delimiter"],
    )  # fmt: skip
    return rounds.recognise(source, options, given["out"], bar)


def _must_fit(folder: RunFolder, facts: dict[str, Any], given: dict[str, Any]) -> None:
    """Stop where a flag says another target or mode than the run's."""
    where = say(
        "{run} goes to {target} ({mode})", run=folder.path, target=facts["target"], mode=counted.mode(facts["mode"])
    )
    if given["target"] not in (None, facts["target"]):
        elsewhere = say("the error file belongs to a run that went elsewhere: {where}", where=where)
        raise Misuse(elsewhere, say("Leave {flag} out.", flag="--to"))
    for name, flag, held in (("use_sandbox", "--sandbox", facts["sandbox"]),
                             ("test_mode", "--test-mode", facts["options"]["test_mode"])):  # fmt: skip
        if given[name] and not held:
            raise Misuse(
                say("{flag} does not fit: {where}", flag=flag, where=where), say("Leave {flag} out.", flag=flag)
            )
    if given["limit"] is not None:
        raise Misuse(
            say("--limit does not go with an error file"), say("Delete the rows that are to stay as they are.")
        )
    if given["offline"] and not given["dry_run"]:
        raise Misuse(say("--offline sends nothing, so nothing can be pushed"), say("Add {flag}.", flag="--dry-run"))


def _said(given: dict[str, Any]) -> rounds.Said:
    """What the command line says besides what the run was started with."""
    told = {n: given[n] for n in OWN if configuration.typed(n)}
    for name, read in (("account_country", flags.country_code), ("business_currency", flags.currency_code)):
        if name in told:
            told[name] = read(told[name])
    if given["states_file"]:
        told["states_file"] = Path(given["states_file"])
    file = mapping.load_file(Path(given["mapping_file"])) if given["mapping_file"] else None
    request = mapping.MappingRequest(
        assigned=flags.pairs(given["assigned"], "--map"), file=file, constants=flags.pairs(given["constants"], "--set"),
        defaults=flags.pairs(given["defaults"], "--default"), preset=given["preset"],
        date_order=given["date_order"],
    )  # fmt: skip
    return rounds.Said({**told, "offline": given["offline"], "dry_run": given["dry_run"]}, request)


@contextlib.contextmanager
def _server(facts: dict[str, Any], given: dict[str, Any]) -> Iterator[Server | None]:
    """The run's own server; None where nothing may be sent, or in a dry run without secrets."""
    target = targets.load(facts["target"])
    without = not facts["sandbox"] and environment.missing(target, environment.secrets(target))
    if given["offline"] or (given["dry_run"] and without):
        yield None
        return
    with server_of(facts, given) as server:
        yield server
