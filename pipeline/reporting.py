"""Turn a run as it stands into its result files, one process at a time.

plan.parquet + journal.db ─▶ results.csv, errors.csv, report.html, summary.json
"""

from __future__ import annotations

import contextlib
import shlex
import shutil
from collections import Counter
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pipeline import locks, lookups, outcomes, report, rounds, store, targets, typed
from pipeline.errors import Misuse
from pipeline.folder import RunFolder
from pipeline.handoff import Catalogue
from pipeline.options import PushOptions
from pipeline.progress import Progress
from pipeline.schema import fields
from pipeline.sources import mapping_of, origin, source_of

WORKBOOKS = ("xlsx", "xlsm", "xlsb", "xls", "ods", "html", "xml")


def write_report(
    folder: RunFolder, options: PushOptions, started: datetime, requests: int, *, pushed: bool,
    progress: Progress,
) -> report.Summary:  # fmt: skip
    """Write the result files of a run, as things stand now; also after a dry run that was pushed meanwhile."""
    with locks.reporting(folder) as alone:
        if alone:
            _tidy(folder)
        return _written(folder, options, started, requests, pushed or store.unpushed(folder) is None, progress)


def _tidy(folder: RunFolder) -> None:
    """Remove what was left of result files by a process that was killed while it wrote them."""
    folder.tidy(*report.FILES)
    for left in folder.path.glob(f"{report.SCRATCH}*"):
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)


def _written(
    folder: RunFolder, options: PushOptions, started: datetime, requests: int, pushed: bool, progress: Progress
) -> report.Summary:  # fmt: skip
    facts = store.facts(folder)
    target = targets.load(facts["target"])
    mapped = mapping_of(facts["sources"][0])
    told = report.Facts(
        headers=tuple(facts["headers"]),
        sources=tuple(source_of(s) for s in facts["sources"]),
        delimiter=facts["sources"][0]["delimiter"],
        workbook=any(s["kind"] in WORKBOOKS for s in facts["sources"]),
        run=folder.path.name, target=target.title, workspace=facts["workspace"],
        mode=facts["mode"] if pushed else "dry run", host=facts["base_url"] if facts["mode"] != "sandbox" else "sandbox",
        version=version("customer-import"), started=started.isoformat(timespec="seconds"),
        finished=datetime.now(UTC).isoformat(timespec="seconds"), mapping=mapped, decisions=facts["decisions"],
        unchecked=tuple(facts["unchecked"]), dry_run=not pushed, next_command=typed.go_on(folder), import_flags=shlex.join(typed.server(folder)),
        mark=rounds.mark(folder, facts),
        raw_csv=options.raw_csv, requests=requests, rows=facts["rows"], lang=options.lang,
        choices={n: f.choices for n, f in fields(target.record).items() if f.choices}, **_lists(facts),
    )  # fmt: skip
    return report.write(folder, lambda: outcomes.table(folder, origin(facts), pushed=pushed), told, progress)


def _lists(facts: dict[str, Any]) -> dict[str, Any]:
    """The target's own states by country, and its countries, as far as they are remembered: what errors.xlsx offers."""
    known = None if facts["sandbox"] else lookups.recall(facts["base_url"], facts["options"]["test_mode"])
    catalogue = known[0] if known else Catalogue()
    states, file = catalogue.states or (), facts.get("settings", {}).get("states_file")
    if file:
        with contextlib.suppress(Misuse):  # it may be gone by now
            states = lookups.load_states(Path(file))
    named: dict[str, Counter[str]] = {}
    for state in states:
        named.setdefault(state.parent or "", Counter())[state.name] += 1
    offered = {c: tuple(sorted(n for n, k in names.items() if n and k == 1)) for c, names in named.items()}
    codes = tuple(e.code for e in catalogue.countries or () if e.code)
    return {"states": {c: names for c, names in offered.items() if names}, "countries": codes}
