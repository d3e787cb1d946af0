"""What is done once for thousands of rows says what doing it row by row says: words, counts, escapes, parts."""

from __future__ import annotations

import csv
import zipfile
import zlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from report.report_samples import HEADERS, facts, issue, row, schema, table

from pipeline.folder import RunFolder
from pipeline.issues import catalogue, render
from pipeline.progress import Silent
from pipeline.report import TO_CORRECT, Summary, packed, write
from pipeline.report.rows import EXPLAINS_SKIPPED, tell
from pipeline.report.safe import STARTERS, escape, guarded

CODES = ("email.syntax", "state.unknown", "plan.unverified", "duplicate.identical", "plan.existing", "nobody.knows")
PROBLEM = st.builds(
    issue,
    st.sampled_from(CODES),
    st.sampled_from([None, "email", "state"]),
    st.sampled_from([None, "Correo"]),
    st.sampled_from([None, "", "a@", "x"]),
    st.sampled_from([None, "", "no @ sign", "ends in. "]),
    st.sampled_from([None, "a@b.cl"]),
)
ROW = st.tuples(st.sampled_from(["ready", "invalid", "skipped", "failed"]), st.lists(PROBLEM, max_size=4))


def rows_of(made: Sequence[tuple[str, list[dict[str, Any]]]]) -> list[dict[str, Any]]:
    return [row(n, ["x"] * len(HEADERS), status, *problems) for n, (status, problems) in enumerate(made, 2)]


def reported(folder: Path, rows: Sequence[dict[str, Any]], size: int) -> Summary:
    folder.mkdir()
    return write(RunFolder(folder), table(rows, size=size), facts(), Silent())


def one_by_one(line: dict[str, Any]) -> dict[str, str | None]:
    """The words of one row, put together problem by problem."""
    said: dict[str, list[str]] = {"_error_codes": [], "_errors": [], "_advice": [], "_warnings": []}
    for problem in line["issues"]:
        told = render(pl.DataFrame([problem], schema=dict.fromkeys(problem, pl.String))).row(0, named=True)
        message = told["message"] or told["code"]
        start = f"{told['field']}: " if told["field"] is not None else ""
        plain = message.rstrip(". ")
        explains = line["status"] == "skipped" and told["code"].startswith(EXPLAINS_SKIPPED)
        if told["severity"] == "error" or explains:
            said["_errors"].append(start + message)
            said["_advice"].append(start + (f"{plain}. {told['remedy']}" if told["remedy"] else plain))
            if told["code"] not in said["_error_codes"]:
                said["_error_codes"].append(told["code"])
        else:
            said["_warnings"].append(start + message)
    return {name: (";" if name == "_error_codes" else " | ").join(texts) or None for name, texts in said.items()}


@settings(max_examples=40, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=12))
def test_a_batch_is_told_as_its_rows_one_by_one(made: list[tuple[str, list[dict[str, Any]]]]) -> None:
    """Law: that equal problems are put into words once changes no word of any row."""
    lines = rows_of(made)
    told = tell(pl.DataFrame(lines, schema=schema(len(HEADERS))))
    names = ("_error_codes", "_errors", "_advice", "_warnings")
    assert told.frame.select(names).to_dicts() == [one_by_one(line) for line in lines]
    whole = told.problems(told.frame["at"])
    assert whole.select("at", *issue("").keys()).to_dicts() == [
        {"at": at, **problem} for at, line in enumerate(lines) for problem in line["issues"]
    ]
    assert told.kinds.select(*issue("").keys()).is_unique().all()


def test_a_row_with_many_problems_is_told_like_one_with_few() -> None:
    """More problems than are put side by side: the other way of joining them says the same."""
    lines = rows_of(
        [("invalid", [issue("email.syntax", "email", "Correo", f"v{n}", "d") for n in range(40)]), ("ready", [])]
    )
    told = tell(pl.DataFrame(lines, schema=schema(len(HEADERS))))
    assert told.frame.select("_error_codes", "_errors", "_advice", "_warnings").to_dicts() == list(
        map(one_by_one, lines)
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=st.lists(ROW, min_size=1, max_size=14), size=st.integers(1, 14))
def test_causes_count_each_row_once_however_often_it_has_them(
    made: list[tuple[str, list[dict[str, Any]]]], size: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Law: `rows` of a cause is the number of rows with its code in its column, in batches of any size."""
    lines = rows_of(made)
    summary = reported(tmp_path_factory.mktemp("run") / "run", lines, size)
    wanted: Counter[tuple[str, str, str | None]] = Counter()
    for line in lines:
        wanted.update({(i["code"], i["column"] or i["field"] or "", i["field"]) for i in line["issues"]
                       if not i["code"].startswith("target.")})  # fmt: skip
    assert {(c.code, c.column, c.field): c.rows for c in summary.causes} == dict(wanted)
    known = catalogue()
    assert all(c.severity == (known[c.code].severity if c.code in known else "error") for c in summary.causes)


def test_changes_of_a_field_with_too_many_values_are_counted_all_the_same(tmp_path: Path) -> None:
    """Its cells are counted without looking at pairs, and only where there is an arrow after the name's own colon."""
    changes = [f"phone: {n} -> +{n} | country: Chile -> CL" for n in range(2_500)]
    changes += [
        "phone: -> +1",
        "phone:  -> +2",
        "phone: a | b -> c",
        "phone",
        "name: phone: x -> y",
        "phone: a\nb -> c",
    ]
    lines = [row(n, ["x"] * len(HEADERS), "created", changes=text) for n, text in enumerate(changes, 2)]
    for size in (600, len(lines)):
        summary = reported(tmp_path / str(size), lines, size)
        found = {change.field: change for change in summary.changes}
        assert {name: change.cells for name, change in found.items()} == {"phone": 2_502, "country": 2_500, "name": 1}
        assert not found["phone"].complete and {count for *_, count in found["phone"].pairs} == {0}
        assert found["country"].pairs == (("Chile", "CL", 2_500),)


def test_a_cell_with_two_problems_has_both_in_one_note(tmp_path: Path) -> None:
    """The usual batch has one problem a cell; one that has not is told no less."""
    wrong = [
        issue("email.syntax", "email", "Correo", "a@", "no domain"),
        issue("text.mojibake", "email", "Correo", "a@", ""),
    ]
    lines = rows_of([("invalid", wrong[:1]), ("invalid", wrong)])
    reported(tmp_path / "run", lines, 5)
    with zipfile.ZipFile(tmp_path / "run" / "errors.xlsx") as book:
        notes = book.read("xl/comments1.xml").decode()
    assert notes.count("<comment ref=") == 2
    assert notes.count("no domain") == 2 and notes.count("\n\n") == 1


CELLS = st.lists(
    st.none() | st.text(max_size=4) | st.builds(str.__add__, st.sampled_from(STARTERS), st.text(max_size=3)),
    min_size=6,
    max_size=6,
)


@settings(max_examples=200, deadline=None)
@given(CELLS, CELLS)
def test_a_frame_is_guarded_as_each_of_its_cells_is(some: list[str | None], others: list[str | None]) -> None:
    """Law: to look closely at doubtful cells alone says what the escape says of all, and leaves the frame as it was."""
    texts = pl.DataFrame({"x": some, "y": others}, schema={"x": pl.String, "y": pl.String})
    assert guarded(texts).equals(texts.select(escape(pl.col(name)) for name in "xy"))
    assert texts["x"].to_list() == some and texts["y"].to_list() == others


@pytest.mark.parametrize("built", ["isal", "zlib"])
def test_a_package_holds_its_parts_byte_for_byte(tmp_path: Path, built: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the fast compression and with the one that every Python has."""
    if built == "zlib":
        monkeypatch.setattr(packed, "deflate", zlib)
    parts = {"a.xml": b"", "b.xml": "<t>Ñandú</t>".encode() * 9, "c.xml": bytes(range(256)) * 5_000}
    path = tmp_path / "book.zip"
    path.touch()
    package = packed.Package(path)
    for name, content in parts.items():
        if name == "c.xml":
            with package.part(name) as opened:
                opened.write(content[:1_000])
                opened.write(content[1_000:])
        else:
            package.put(name, content)
    package.close()
    with zipfile.ZipFile(path) as back:
        assert back.testzip() is None
        assert {name: back.read(name) for name in back.namelist()} == parts
        assert back.getinfo("c.xml").compress_size < len(parts["c.xml"]) // 20


def test_error_rows_keep_their_own_problems(tmp_path: Path) -> None:
    """The rows of errors.csv carry their own words after the rows between them are left out."""
    made = [
        ("ready" if n % 3 else "invalid", [issue("email.syntax", "email", "Correo", f"v{n}", "d")]) for n in range(9)
    ]
    reported(tmp_path / "run", rows_of(made), 4)
    with (tmp_path / "run" / "errors.csv").open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file, delimiter=";"))
    assert [line["_row"] for line in lines] == ["2", "5", "8"]
    assert all(
        line["_status"] in TO_CORRECT and f"'v{n}'" in line["_errors"] for n, line in zip((0, 3, 6), lines, strict=True)
    )
