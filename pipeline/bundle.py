"""Turn a run folder into a zip file for a bug report, which has the shape of everything and the text of nothing.

    about.json   versions, the machine, what was detected and decided, counts by status, problems by cause
    rows.csv     the rows with problems and some others: row number, status, codes, each cell masked
    issues.csv   every problem of these rows: row, code, field, severity; its value and words masked
    sent.csv     what was sent of them, by field, masked; http status and attempts
    run.log      as it is, less every line that holds a name of this run

Masked: each letter is `x` or `X`, each digit `9`; punctuation, spaces and length stay. Equal masks say nothing about
equal values. Names of files, sheets, own columns, workspaces and people, ids, keys and addresses are left out or masked.
"""

from __future__ import annotations

import json
import platform
import re
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import polars as pl

from pipeline import issues, outcomes, store, targets
from pipeline.errors import Misuse
from pipeline.folder import RunFolder, cannot_write
from pipeline.language import say
from pipeline.mapping.words import fold
from pipeline.schema import fields
from pipeline.targets.interface import Target

MOST_FAULTY = 5_000
MOST_OTHERS = 200
LIBRARIES = ("polars", "pydantic", "httpx", "aiohttp", "anyio", "openpyxl", "fastexcel", "python-calamine", "phonenumbers",
             "email-validator", "python-stdnum", "pycountry", "click", "tqdm", "xlsxwriter", "xlrd")  # fmt: skip
_PLAIN = ("kind", "encoding", "delimiter", "header_row", "rows", "preset")
_OPTIONS = ("on_existing", "duplicates", "blank", "account_country", "limit", "test_mode", "offline")
_LETTERS = (
    (r"[\p{Lu}\p{Lt}]", "X"),
    (r"[\p{L}\p{Alphabetic}\p{M}\p{Co}\p{Cn}&&[^X]]", "x"),
    (r"[\p{N}]", "9"),
    (r"[^xX9\p{P}\p{S}\p{Z}\p{Cc}\p{Cf}]", "x"),
    (r"[\x{1F100}-\x{1F1FF}\x{2460}-\x{24FF}\x{2800}-\x{28FF}\x{3200}-\x{33FF}\x{E0000}-\x{E007F}]", "x"),
)  # the last: signs that spell (letters in circles and squares, flags, Braille, tags)


def mask(texts: pl.Expr) -> pl.Expr:
    """The texts with each letter as x or X and each digit as 9; null stays null."""
    for pattern, sign in _LETTERS:
        texts = texts.str.replace_all(pattern, sign)
    return texts


def masked(text: str) -> str:
    """One text, masked; see `mask`."""
    return str(pl.select(mask(pl.lit(text))).item())


def write(folder: RunFolder, path: Path) -> dict[str, int]:
    """Write the bundle of a run to `path`; how many bytes each of its files has.

    Raises:
        Misuse: the run was forgotten, its plan cannot be read, or `path` exists or cannot be written.
    """
    facts = store.facts(folder)
    target = targets.load(facts["target"])
    rows, found, sent, counts = _chosen(folder, facts, target)
    parts = {
        "about.json": json.dumps(_about(folder, facts, target, counts, found), ensure_ascii=False, indent=1),
        "rows.csv": rows.write_csv(), "issues.csv": found.write_csv(), "sent.csv": sent.write_csv(),
    }  # fmt: skip
    if (log := folder.file("run.log")).is_file():
        parts["run.log"] = "\n".join(_log(log.read_text(encoding="utf-8", errors="replace"), folder, facts))
    try:
        with path.open("xb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle:
            for name, text in parts.items():
                bundle.writestr(name, text)
    except FileExistsError as error:
        raise Misuse(
            say("{path} exists already", path=path), say("Name another file with -o, or remove that one.")
        ) from error
    except OSError as error:
        raise cannot_write(path, error) from error
    return {name: len(text.encode()) for name, text in parts.items()}


def _chosen(
    folder: RunFolder, facts: Mapping[str, Any], target: Target
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, Counter[str]]:
    """The masked rows, their problems, what was sent of them, and the counts by status of all rows."""
    counts: Counter[str] = Counter()
    rows, found, sent = [], [], []
    faulty = others = 0
    payloads = store.current(folder)
    for table in outcomes.table(folder, {}, pushed=store.unpushed(folder) is None):
        counts.update(dict(table["status"].value_counts().iter_rows()))
        payload = next(payloads).select("origin", "payload")
        bad = (pl.col("issues").list.len() > 0) | ~pl.col("status").is_in(["created", "updated", "unchanged", "ready"])
        first = table.filter(bad).head(MOST_FAULTY - faulty)
        more = table.filter(~bad).head(MOST_OTHERS - others)
        faulty, others = faulty + first.height, others + more.height
        both = pl.concat([first, more]).sort("origin")
        rows.append(_rows(both, len(facts["headers"])))
        found.append(_issues(both, facts, target))
        sent.append(_sent(both.join(payload, on="origin", how="left", maintain_order="left"), target))
    return pl.concat(rows), pl.concat(found), pl.concat(sent), counts


def _rows(table: pl.DataFrame, width: int) -> pl.DataFrame:
    codes = pl.col("issues").list.eval(pl.element().struct.field("code")).list.unique(maintain_order=True)
    return table.select(
        "origin", "row", "status", "action", "http_status", "attempts", "retryable", codes.list.join(";").alias("codes"),
        pl.col("after").is_not_null().alias("follows"), pl.col("identity").is_not_null().alias("identified"),
        *(mask(pl.col(f"c{i}")) for i in range(width)),
    )  # fmt: skip


def _issues(table: pl.DataFrame, facts: Mapping[str, Any], target: Target) -> pl.DataFrame:
    """The problems; columns by their place, own fields by their kind only."""
    told = table.select("origin", "row", "issues").explode("issues").drop_nulls("issues").unnest("issues")
    places = {header: f"c{at}" for at, header in reversed(list(enumerate(facts["headers"])))}
    known = list(fields(target.record))
    severity = {code: kind.severity for code, kind in issues.catalogue().items()}
    return told.select(
        "origin", "row", "code",
        pl.col("code").replace_strict(severity, default="error", return_dtype=pl.String).alias("severity"),
        pl.when(pl.col("field").is_in(known) | pl.col("field").is_null()).then("field")
        .otherwise(pl.lit("(own)")).alias("field"),
        pl.col("column").replace_strict(places, default=None, return_dtype=pl.String).alias("column"),
        *(mask(pl.col(name)) for name in ("value", "detail", "suggestion")),
    )  # fmt: skip


def _sent(table: pl.DataFrame, target: Target) -> pl.DataFrame:
    """What went out, by field and masked; entries of objects are masked as one text."""
    known = list(fields(target.record))
    lines: list[dict[str, Any]] = []
    for origin, payload, changes in table.select("origin", "payload", "changes").iter_rows():
        record = json.loads(payload) if payload else {}
        named = set(re.findall(r"(?:^| \| )([a-z_]+): ", changes or "")) & set(known)
        line = {n: None if record.get(n) is None else _text(record[n]) for n in known}
        lines.append({"origin": origin, "changed": ";".join(sorted(named)), **line})
    schema = {"origin": pl.UInt32, "changed": pl.String, **dict.fromkeys(known, pl.String)}
    return pl.DataFrame(lines, schema=schema).with_columns(mask(pl.col(n)) for n in known)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _about(
    folder: RunFolder, facts: Mapping[str, Any], target: Target, counts: Counter[str], found: pl.DataFrame
) -> dict[str, Any]:  # fmt: skip
    vendor = facts["base_url"] == target.base_url
    return {
        "schema": "customer-import/bundle/1", "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "tool": version("customer-import"), "planned_by": facts["tool"], "planned": facts["planned"],
        "python": sys.version.split()[0], "system": platform.system(), "machine": platform.machine(),
        "libraries": {name: _version(name) for name in LIBRARIES},
        "target": target.name, "mode": facts["mode"], "server": "the vendor's" if vendor else "another",
        "plans": len(store.plans(folder)), "rows": facts["rows"], "counts": dict(counts),
        "files": {p.name if p.name in KNOWN else "(other)": p.stat().st_size for p in folder.path.iterdir() if p.is_file()},
        "sources": [_source(s, target) for s in facts["sources"]],
        "options": {n: facts["options"].get(n) for n in _OPTIONS} | {"match": _fields_of(facts["options"].get("match"), target)},
        "decimal": {n: mark for n, mark in facts["settings"]["decimal"].items() if n in fields(target.record)},
        "decisions": _decisions(facts),
        "unresolved": facts["unresolved"], "verified": facts["verified"], "unchecked": len(facts["unchecked"]),
        "causes": found.group_by("code", "field", "column", maintain_order=True).len("problems").to_dicts(),
    }  # fmt: skip


KNOWN = ("plan.parquet", "plan.json", "journal.db", "journal.db-wal", "journal.db-shm", "results.csv", "results.xlsx",
         "errors.csv", "errors.xlsx", "report.html", "summary.json", "run.log", "undo.csv")  # fmt: skip


def _source(source: Mapping[str, Any], target: Target) -> dict[str, Any]:
    """What was detected; a header is shown where it is a name that everybody uses, else masked."""
    public = {fold(name) for name, f in fields(target.record).items()
              for name in (name, *f.column.aliases, f.column.label, f.column.label_es)}  # fmt: skip
    known = fields(target.record)
    return {
        **{n: source[n] for n in _PLAIN}, "name": masked(source["name"]), "sheet": source["sheet"] and masked(source["sheet"]),
        "notes": [masked(note) for note in source["notes"]],
        "columns": [
            {"place": f"c{source['places'][c['index']]}", "how": c["how"],
             "header": c["header"] if fold(c["header"]) in public and c["header"] else masked(c["header"]),
             "field": c["field"] if c["field"] is None or c["field"].lstrip("~") in known else "(own)"}
            for c in source["columns"]
        ],
        "parts": {n if n in known else "(own)": list(at) for n, at in source["parts"].items()},
        "constants": {n if n in known else "(own)": masked(str(v)) for n, v in source["constants"].items()},
        "defaults": {n if n in known else "(own)": masked(str(v)) for n, v in source["defaults"].items()},
        "values": {n if n in known else "(own)": len(table) for n, table in source.get("values", {}).items()},
        "null_words": len(source.get("null_words", ())), "rules": len(source.get("rules", ())),
    }  # fmt: skip


def _decisions(facts: Mapping[str, Any]) -> dict[str, str]:
    """What was decided, in the tool's own words; the path of a user's file is masked."""
    plain = {"countries", "terms", "existing customers"} | (
        set() if facts["settings"].get("states_file") else {"states"}
    )
    known = {*plain, "states"}
    return {
        n if n in known else masked(n): said if n in plain else masked(str(said))
        for n, said in facts["decisions"].items()
    }


def _fields_of(match: str | None, target: Target) -> list[str] | None:
    names = [part.strip() for part in match.split(",")] if match else []
    return [n if n in fields(target.record) else "(own)" for n in names] or None


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _log(text: str, folder: RunFolder, facts: Mapping[str, Any]) -> Iterator[str]:
    """The lines of run.log that hold no name of this run."""
    names = [folder.path.name, str(folder.path), facts["workspace"], facts["base_url"], *facts["headers"]]
    names += [s["name"] for s in facts["sources"]] + [s["sheet"] or "" for s in facts["sources"]] + [str(Path.home())]
    secret = [name.casefold() for name in names if len(name) > 2]
    for line in text.splitlines():
        yield (
            line if not any(name in line.casefold() for name in secret) else "(a line that holds a name of this run)"
        )
