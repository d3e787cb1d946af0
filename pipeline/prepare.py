"""Turn source files into a plan: read, map, normalise, validate, look up, plan; nothing is sent.

This is the first half of the flow, up to `plan.parquet`; `run` has the whole of it.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from threading import Thread
from typing import Any

from pipeline import asking, existing, identity, lookups, mapping, targets, unfinished
from pipeline.ahead import ahead
from pipeline.constants import refuse_hopeless
from pipeline.errors import BrokenInvariant, Misuse
from pipeline.folder import RunFolder, cannot_write
from pipeline.handoff import Catalogue, Settings
from pipeline.judging import Judge, batch_rows, rehearse
from pipeline.language import later, say
from pipeline.options import MARK, RunOptions, Server
from pipeline.plan import Builder, Choices
from pipeline.progress import Progress
from pipeline.schema import fields
from pipeline.sources import Source, headers, open_sources, source_facts
from pipeline.survey import Amounts, Evidence, add, survey
from pipeline.targets.interface import Target

LONG = 500_000  # bytes of a file, CSV or packed


@dataclass
class Prepared:
    """What planning found: the rows by status, and what could not be checked."""

    folder: RunFolder
    counts: dict[str, int]
    sources: tuple[Source, ...]
    unchecked: list[str] = field(default_factory=list)
    requests: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Correction:
    """What the plan of a correction needs besides the rows: the run's `facts`, and what goes into its own plan.json.

    `builder` makes the plan's builder of what `Builder` takes; `known` completes what was found at the target.
    """

    facts: dict[str, Any]
    told: dict[str, Any]
    builder: Callable[..., Builder]
    known: Callable[[existing.Found], existing.Found]


def prepare(options: RunOptions, server: Server | None, progress: Progress) -> Prepared:
    """Plan a run; `server` is None where no request may be sent.

    Raises:
        Stop: the input, the mapping or the target do not allow it; nothing was sent.
    """
    target = targets.load(options.target)
    unfinished.clear(*([options.out] if options.out is not None else Path("runs").glob("*")))
    kept = options.out is not None and options.out.is_dir()
    folder = RunFolder.create(options.out, _stem(options.sources[0]), target.name)
    with contextlib.ExitStack() as held:
        held.enter_context(unfinished.planning(folder))
        spool = folder.file(unfinished.SCRATCH)
        spool.mkdir(mode=0o700)
        try:
            return _planned(options, server, target, folder, spool, progress)
        except BaseException as error:
            held.close()  # Windows removes no file that is open
            folder.discard(whole=not kept)
            if isinstance(error, OSError):
                raise cannot_write(folder.path, error) from error
            raise
        finally:
            shutil.rmtree(spool, ignore_errors=True)


def _planned(
    options: RunOptions, server: Server | None, target: Target, folder: RunFolder, spool: Path, progress: Progress
) -> Prepared:  # fmt: skip
    if any(_is_long(name) for name in options.sources):
        Thread(target=rehearse, args=(target,), name="rehearsal").start()
    sources = open_sources(options, target, spool, progress)
    for name, source in zip(options.sources, sources, strict=True):
        if source.mapping.missing:
            headless = source.sheet.facts.header_row == 0
            asked = () if name == "-" else (name, "--to", target.name)
            raise Misuse(*mapping.missing_message(source.mapping, target.record, headless=headless, inspect=asked))
    refuse_hopeless(sources[0].mapping, target.record, options)
    return make_plan(options, server, target, folder, spool, sources, progress)


def make_plan(
    options: RunOptions, server: Server | None, target: Target, folder: RunFolder, spool: Path,
    sources: tuple[Source, ...], progress: Progress, correction: Correction | None = None,
) -> Prepared:  # fmt: skip
    """Plan the rows of `sources` into `folder`; see `prepare`."""
    settled = correction.facts["settings"]["decimal"] if correction and not options.decimal else {}
    by_country = server is not None and "states" in target.lists  # then the target is asked before any row is judged
    evidence = survey(options, target, sources, progress, settled, countries=by_country, presuming=correction is None)
    catalogue, unchecked, requests = asking.catalogue(options, server, target, evidence.countries, progress)
    secrets = server.secrets if server else {}
    chosen = Choices(
        identity.parse(options.match, [n for n, f in fields(target.record).items() if f.kind != "object"], target.identities),
        options.duplicates, options.on_existing, options.blank == "clear",
        correction.facts["workspace"] if correction else secrets.get(target.workspace, ""),
        correction.facts["mode"] if correction else _mode(options, server),
    )  # fmt: skip
    several = len(correction.facts["sources"] if correction else sources) > 1
    while True:
        settings = Settings(catalogue, evidence.decimal, options.account_country, options.business_currency)
        builder = (correction.builder if correction else Builder)(folder, target, chosen, sources[0].mapping, spool)
        amounts = _judge_all(options, sources, target, settings, chosen, builder, evidence, progress,
                             several=several)  # fmt: skip
        if evidence.confirmed(amounts, sources[0].mapping.label):
            break
    builder.settle_duplicates()
    found = None
    if server is not None:
        found, more = asking.customers(server, target, chosen.identities, builder, progress)
        requests += more
        found = correction.known(found) if correction else found
    else:
        unchecked.append(say("whether the customers are already at the target"))
    if options.account_country is None and target.regulated:
        unchecked.append(
            say("whether a tax id is required: the account's own country is not known (--account-country)")
        )
    facts = _facts(options, server, target, sources, evidence, catalogue, unchecked, found)
    counts = builder.finish(found, {**facts, **(correction.told if correction else {})}, progress)
    return Prepared(folder, counts, sources, unchecked, requests)


def _judge_all(
    options: RunOptions, sources: tuple[Source, ...], target: Target, settings: Settings, chosen: Choices,
    builder: Builder, evidence: Evidence, progress: Progress, *, several: bool,
) -> Amounts:  # fmt: skip
    """Judge every row into `builder`; return what the columns whose marks are presumed tell about them."""
    amounts: Amounts = {}
    progress.begin(later("check"), sum(s.sheet.facts.rows or 0 for s in sources) or None)
    for source in sources:
        before = builder.rows
        named = source.sheet.facts.name if several else ""
        judge = Judge(source, target, settings, chosen, named, evidence.presumed)
        for judged in ahead(source.sheet.batches(batch_rows(source.sheet.facts.rows)), judge):
            evidence.countries.update(judged.countries)
            add(amounts, judged.amounts)
            builder.keep(judged.made)
            progress.advance(judged.made.spooled.height)
        _conserve(source, builder.rows - before, options.limit)
    progress.end()
    return amounts


def _mode(options: RunOptions, server: Server | None) -> str:
    return server.mode if server else ("test" if options.test_mode else "LIVE")


def _conserve(source: Source, planned: int, limit: int | None) -> None:
    """Hold the rows that were planned against those that the reader counted.

    Raises:
        BrokenInvariant: a row was lost or doubled on the way.
    """
    counted = source.sheet.facts.rows
    if counted is None:
        return
    expected = counted if limit is None else min(counted, limit)
    if planned + len(source.examples) != expected and planned != expected:
        raise BrokenInvariant(
            say(
                "{name} has {expected:n} rows, and {planned:n} of them were planned",
                name=source.sheet.facts.name,
                expected=expected,
                planned=planned,
            ),
            say("This is a bug of the importer, and nothing was sent; please report it."),
        )


def _facts(
    options: RunOptions, server: Server | None, target: Target, sources: tuple[Source, ...], evidence: Evidence,
    catalogue: Catalogue, unchecked: list[str], found: existing.Found | None,
) -> dict[str, Any]:  # fmt: skip
    return {
        "tool": version("customer-import"),
        "planned": datetime.now(UTC).isoformat(timespec="seconds"),
        "target": target.name,
        "workspace": server.secrets.get(target.workspace, "") if server else "",
        "mode": _mode(options, server),
        "base_url": server.base_url if server else options.base_url or target.base_url,
        "sandbox": server.database if server else None,
        "headers": headers(sources),
        "sources": [source_facts(s) for s in sources],
        "options": {
            "on_existing": options.on_existing, "match": options.match, "duplicates": options.duplicates,
            "blank": options.blank, "account_country": options.account_country, "limit": options.limit,
            "test_mode": options.test_mode, "offline": options.offline,
        },
        "settings": {
            "decimal": evidence.decimal, "business_currency": options.business_currency,
            "states_file": str(options.states_file.resolve()) if options.states_file else None,
        },
        "decisions": {**{f"{MARK}{n}": m for n, m in evidence.decimal.items()},
                      **{n: lookups.told(fact) for n, fact in catalogue.facts.items()},
                      **({"existing customers": found.how} if found else {})},
        "verified": found is not None,
        "countries": sorted(evidence.countries),
        "unresolved": [n for n in ("states", "terms") if n in target.lists and getattr(catalogue, n) is None],
        "unchecked": unchecked,
    }  # fmt: skip


def _is_long(source: str) -> bool:
    """Whether the file takes longer to read than to get ready for its rows."""
    try:
        return source != "-" and Path(source).stat().st_size > LONG
    except OSError:  # who reads it says why
        return False


def _stem(source: str) -> str:
    name = "stdin" if source == "-" else Path(source).name
    return name.split(".")[0] or "customers"
