"""results.csv, errors.csv and summary.json: every row once, in order, with its own text and its outcome."""

from __future__ import annotations

import csv
import io
import json
import stat
import zipfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from report.report_samples import HEADERS, facts, issue, row, story, table

from pipeline.errors import BrokenInvariant
from pipeline.folder import RunFolder
from pipeline.handoff import SourceFacts
from pipeline.progress import Silent
from pipeline.report import STATUSES, TO_CORRECT, Summary, files, write
from pipeline.report.beside import Beside

HELPERS = ["_row", "_sheet", "_status", "_action", "_id", "_error_codes", "_errors", "_warnings", "_changes", "_http_status", "_attempts", "_retryable", "_key"]  # fmt: skip
CELL = st.none() | st.text(min_size=1, max_size=10) | st.sampled_from(
    ["=1+1", "'", "''x", '"', 'a"b', "a;b", "a,b", "a\tb", "a\nb", "a\r\nb", "\r", " x ", "\ufeff", "00123", "+56 9 1"]
)  # fmt: skip


def run(path: Path, outcomes: list[dict[str, Any]], width: int = len(HEADERS), **changes: Any) -> Summary:
    return write(RunFolder(path), table(outcomes, width), facts(**changes), Silent())


def read(path: Path, delimiter: str = ";") -> list[list[str]]:
    data = path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf"), "Excel takes a file without the mark for one in the local code page"
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=delimiter))


def named(path: Path, delimiter: str = ";") -> dict[str, dict[str, str]]:
    head, *rows = read(path, delimiter)
    return {line[head.index("_row")]: dict(zip(head, line, strict=True)) for line in rows}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(CELL, CELL, st.sampled_from(STATUSES)), max_size=12),
    st.sampled_from([",", ";", "\t", "|"]),
)
def test_every_row_is_there_in_order_with_its_own_text(
    tmp_path: Path, made: list[tuple[str | None, str | None, str]], delimiter: str
) -> None:
    """Laws: one line per row, in input order; helper columns first; one apostrophe less gives the source's text."""
    rows = [row(number, cells, status) for number, (*cells, status) in enumerate(made, 2)]
    summary = run(tmp_path, rows, 2, headers=("Uno", "Dos"), delimiter=delimiter)
    head, *lines = read(tmp_path / "results.csv", delimiter)
    assert head == [*HELPERS, "Uno", "Dos"]
    assert [line[0] for line in lines] == [str(number) for number in range(2, len(made) + 2)]
    assert [line[2] for line in lines] == [status for *_, status in made]
    texts = [[cell.removeprefix("'") for cell in line[len(HELPERS):]] for line in lines]  # fmt: skip
    assert texts == [[cell or "" for cell in cells] for *cells, _ in made]
    assert sum(summary.counts.values()) == summary.rows == len(made)


def test_outcomes_are_told_as_promised(tmp_path: Path) -> None:
    """Codes, errors, warnings and changes of the sample run, word for word."""
    run(tmp_path, story())
    told = named(tmp_path / "results.csv")
    assert told["3"]["_error_codes"] == "email.syntax;state.unknown"
    assert told["3"]["_errors"].startswith("email: 'vina@@sur' in Correo is no e-mail address: two @ signs | state: ")
    assert told["3"]["_warnings"].startswith("tax_id: RUT is empty")
    assert told["2"]["_changes"] == "tax_id: 76.086.428-5 -> 76086428-5 | country: Chile -> CL"
    assert (told["2"]["_http_status"], told["2"]["_id"], told["2"]["_retryable"]) == ("201", "cus_2", "")
    assert (told["6"]["_retryable"], told["7"]["_retryable"]) == ("false", "true")


def test_a_skipped_row_says_why_in_its_errors(tmp_path: Path) -> None:
    """What explains a skipped row is no mere warning; other warnings of the row stay warnings."""
    run(tmp_path, story())
    told = named(tmp_path / "results.csv")
    assert told["4"]["_errors"] == "the row is identical to row 2, which goes in"
    assert (told["5"]["_error_codes"], told["5"]["_errors"]) == (
        "plan.existing",
        "the customer is already at the target (cus_9)",
    )
    assert told["5"]["_warnings"].startswith("tax_id: ")


def test_a_problem_that_the_catalogue_lacks_is_still_said(tmp_path: Path) -> None:
    run(tmp_path, [row(2, ["a"] * 6, "rejected", issue("brand.new", "email", "Correo", "a", None))])
    told = named(tmp_path / "results.csv")
    assert (told["2"]["_error_codes"], told["2"]["_errors"]) == ("brand.new", "email: brand.new")


def test_error_files_hold_exactly_the_rows_to_correct(tmp_path: Path) -> None:
    """A row whose fate is unknown is not among them: sending it again could make a second customer."""
    summary = run(tmp_path, story())
    told = named(tmp_path / "errors.csv")
    assert {line["_status"] for line in told.values()} == set(TO_CORRECT)
    assert len(told) == summary.to_correct
    assert {line["_run"] for line in told.values()} == {"clientes-piriod-20260102T030405Z"}
    assert told["3"]["_errors"].endswith("Write the state as the target lists it.")
    assert told["3"]["Notas"] == "'=1+1"


def test_no_error_files_where_all_rows_are_in(tmp_path: Path) -> None:
    """Error files of an earlier call go away once nothing is left to correct."""
    assert "errors.csv" in run(tmp_path, story()).files
    summary = run(tmp_path, [row(2, ["a"] * 6)])
    assert not {"errors.csv", "errors.xlsx"} & set(summary.files)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(summary.files)


def test_files_are_private(tmp_path: Path) -> None:
    summary = run(tmp_path, story(), workbook=True)
    assert {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in summary.files} == {0o600}


def test_own_columns_with_our_names_are_renamed_and_said(tmp_path: Path) -> None:
    """A column called _row keeps its text under a free name; empty and repeated headers stay."""
    own = ("_row", "_row (original)", "", "Nombre", "Nombre", "=x")
    summary = run(tmp_path, [row(2, [None, "b", "c", "d", "e", "f"])], headers=own)
    head, line = read(tmp_path / "results.csv")
    assert head[len(HELPERS):] == ["_row (original 2)", "_row (original)", "", "Nombre", "Nombre", "'=x"]  # fmt: skip
    assert line[len(HELPERS):] == ["", "b", "c", "d", "e", "f"]  # fmt: skip
    assert any("'_row'" in note and "'_row (original 2)'" in note for note in summary.notes)


def test_several_sources_are_told_apart(tmp_path: Path) -> None:
    sources = (SourceFacts("a.csv", "csv"), SourceFacts("-b.csv", "csv"))
    run(tmp_path, [row(2, ["x"] * 6, source="a.csv"), row(2, ["y"] * 6, source="-b.csv")], sources=sources)
    head, *lines = read(tmp_path / "results.csv")
    assert head[:2] == ["_source", "_row"]
    assert [line[0] for line in lines] == ["a.csv", "'-b.csv"]


def test_raw_csv_leaves_cells_as_they_are(tmp_path: Path) -> None:
    run(tmp_path, [row(2, ["=1", "'x", "a", "b", "c", "d"], "invalid")], raw_csv=True)
    for name in ("results.csv", "errors.csv"):
        assert read(tmp_path / name)[1][-6:-4] == ["=1", "'x"]


@pytest.mark.parametrize(("delimiter", "used"), [(None, ","), ("§", ","), ("||", ","), ("|", "|")])
def test_the_delimiter_is_the_sources_or_a_comma(tmp_path: Path, delimiter: str | None, used: str) -> None:
    run(tmp_path, [row(2, ["a"] * 6)], delimiter=delimiter)
    assert read(tmp_path / "results.csv", used)[0][:2] == ["_row", "_sheet"]


@pytest.mark.parametrize("changes", [{"rows": 11}, {"sources": (SourceFacts("a.csv", "csv", rows=9),)}])
def test_a_lost_row_is_an_alarm_not_a_report(tmp_path: Path, changes: dict[str, Any]) -> None:
    """The evidence is written, says that it cannot be relied on, and the run ends as broken."""
    with pytest.raises(BrokenInvariant) as stop:
        run(tmp_path, story(), **changes)
    assert stop.value.exit_code == 70
    assert json.loads((tmp_path / "summary.json").read_text())["conservation"] is False
    assert 'role="alert"' in (tmp_path / "report.html").read_text()


def test_a_status_that_nobody_knows_is_an_alarm(tmp_path: Path) -> None:
    with pytest.raises(BrokenInvariant):
        run(tmp_path, [row(2, ["a"] * 6, "perhaps")])


def test_nothing_appears_where_the_rows_cannot_be_read_to_the_end(tmp_path: Path) -> None:
    """An earlier report stays whole, and no scratch file is left."""
    run(tmp_path, story(), workbook=True)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def broken() -> Any:
        yield from table(story())()
        raise RuntimeError("the disk went away")

    with pytest.raises(RuntimeError):
        write(RunFolder(tmp_path), broken, facts(workbook=True), Silent())
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("enough", [1, 3, 1_000])
def test_files_do_not_depend_on_how_many_rows_are_written_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, enough: int
) -> None:
    """Law: batches of any size, and rows to correct written one by one or together, make the same files."""
    outcomes = story() * 3
    monkeypatch.setattr(files, "ENOUGH", enough)
    made = []
    for size in (1, 4, len(outcomes)):
        write(RunFolder(tmp_path), table(outcomes, size=size), facts(), Silent())
        with zipfile.ZipFile(tmp_path / "errors.xlsx") as book:
            sheets = {n: book.read(n) for n in book.namelist() if n != "docProps/core.xml"}
        made.append((sheets, *((tmp_path / name).read_bytes() for name in ("results.csv", "errors.csv"))))
    assert made[0] == made[1] == made[2]


def test_what_goes_wrong_in_one_file_ends_the_whole(tmp_path: Path) -> None:
    """The files are written beside one another; the caller hears of what one of them met, and none is left."""

    def torn() -> Any:
        yield from table(story(), size=100)()
        yield next(table(story(), size=100)()).drop("c5")

    with pytest.raises(pl.exceptions.ColumnNotFoundError):
        write(RunFolder(tmp_path), torn, facts(), Silent())
    assert list(tmp_path.iterdir()) == []


def test_work_beside_is_done_in_order_and_says_what_it_raised() -> None:
    """The caller hears of it with the next item at the latest, or when it settles; nothing is done twice."""
    done: list[int] = []

    def work(item: int) -> None:
        if item == 3:
            raise OSError("no space left")
        done.append(item)

    beside = Beside(work)
    for item in range(3):
        beside.take(item)
    beside.settle()
    assert done == [0, 1, 2]
    beside.take(3)
    with pytest.raises(OSError, match="no space"):
        beside.take(4)
    with pytest.raises(OSError, match="no space"):
        beside.settle()
    beside.close()
    assert done == [0, 1, 2]


def test_summary_json_counts_the_same(tmp_path: Path) -> None:
    summary = run(tmp_path, story(), rows=10)
    said = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    assert (said["schema_version"], said["rows"], said["conservation"]) == (1, 10, True)
    assert said["counts"] == summary.counts and set(said["counts"]) == set(STATUSES)
    assert (said["target"], said["mode"], said["requests"], said["decisions"]) == (
        "Piriod",
        "LIVE",
        12,
        {"decimal": ","},
    )


def test_causes_are_grouped_by_code_and_column_with_counts_and_examples(tmp_path: Path) -> None:
    """Refusals that differ only in the row's own value or a number are one cause."""
    rows = [
        row(
            n,
            [f"a{n}"] * 6,
            "rejected",
            issue("target.rejected", "email", "Correo", f"a{n}", f"a{n} is taken by {n}"),
        )
        for n in range(2, 9)
    ]
    rows.append(row(9, ["x"] * 6, "rejected", issue("target.rejected", "email", "Correo", "x", "Too short")))
    causes = run(tmp_path, rows).causes
    assert [(c.detail, c.rows) for c in causes] == [("… is taken by #", 7), ("Too short", 1)]
    assert [(e.row, e.value) for e in causes[0].examples] == [(2, "a2"), (3, "a3"), (4, "a4")]


def test_automatic_changes_are_counted_by_field_and_pair(tmp_path: Path) -> None:
    rows = [row(n, ["x"] * 6, changes=f"country: Chile -> CL | name: A {n} -> A{n}") for n in range(2, 7)]
    country, name = sorted(run(tmp_path, rows).changes, key=lambda change: change.field)
    assert (country.field, country.column, country.cells, country.pairs) == (
        "country",
        "País",
        5,
        (("Chile", "CL", 5),),
    )
    assert (name.cells, len(name.pairs)) == (5, 5)


def test_no_rows_and_no_columns_make_a_report_too(tmp_path: Path) -> None:
    summary = run(tmp_path, [], 0, headers=(), workbook=True)
    assert summary.rows == 0 and summary.conservation
    assert read(tmp_path / "results.csv") == [HELPERS]
