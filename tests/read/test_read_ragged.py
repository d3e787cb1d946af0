"""Rows that have not the table's number of cells: what only omits blanks passes, what is shifted is said."""

import csv
import io
import random

import polars as pl
import pytest

from pipeline.progress import Silent
from pipeline.read import ReadOptions, open_sheet
from tests.benchmarks import lifelike

NAMES = list(lifelike.HEADERS)
LAST = [n for n in NAMES if n not in ("website", "notes")] + ["website", "notes"]  # columns that are often blank
COUNT = 1500


def line(cells) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=";", lineterminator="\n").writerow(cells)
    return text.getvalue()


def table(names):
    return [[row[name] for name in names] for row in lifelike.rows(COUNT, seed=5)]


def read(tmp_path, names, lines):
    path = tmp_path / "list.csv"
    path.write_text(line([lifelike.HEADERS[name][0] for name in names]) + "".join(lines), encoding="utf-8")
    (batch,) = open_sheet(path, ReadOptions(), tmp_path, Silent()).batches(2 * COUNT)
    rows = [[value or "" for value in row[1:]] for row in batch.cells.iter_rows()]
    return rows, dict(batch.issues.group_by("at").agg(pl.col("code").sort()).iter_rows())


def trimmed(row):
    while len(row) > 1 and not row[-1]:
        row = row[:-1]
    return row


@pytest.mark.parametrize("share", [1, 0.02])
@pytest.mark.parametrize("names", [NAMES, LAST], ids=["usual order", "blank columns last"])
def test_rows_that_omit_their_last_blank_cells_are_good(tmp_path, names, share):
    """Programs that leave out the last blank cells of a row, of all rows or of some, cause no issue at all."""
    dice = random.Random(1)
    rows = table(names)
    found, issues = read(tmp_path, names, [line(trimmed(row) if dice.random() < share else row) for row in rows])
    assert (found, issues) == (rows, {})


@pytest.mark.parametrize("share", [1, 0.02])
def test_blank_cells_beyond_the_last_column_keep_no_row_out(tmp_path, share):
    """Rows with delimiters too many at their end are read as they are; where they are rare, it is a warning."""
    dice = random.Random(2)
    rows = table(LAST)
    lines = [line([*row, *[""] * dice.randint(1, 3)] if dice.random() < share else row) for row in rows]
    found, issues = read(tmp_path, LAST, lines)
    assert found == rows
    assert {code for codes in issues.values() for code in codes} <= {"row.uneven"}


def _missing(cells, dice):
    at = dice.randrange(1, len(cells))
    return [*cells[: at - 1], cells[at - 1] + cells[at], *cells[at + 1 :]]


def _extra(cells, dice):
    at = dice.randrange(1, len(cells))
    return [*cells[:at], "", *cells[at:]]


def _joined(cells, dice):
    return [" ".join(cells)]


@pytest.mark.parametrize("names", [NAMES, LAST], ids=["usual order", "blank columns last"])
@pytest.mark.parametrize("damage", [_missing, _extra, _joined])
def test_no_shifted_row_passes_in_silence(tmp_path, names, damage):
    """A delimiter lost or gained in some rows: each has its cells or an issue, and no other row has one."""
    dice = random.Random(3)
    rows = table(names)
    plain = [i for i in range(20, COUNT, 40) if '"' not in line(rows[i])]
    lines = [line(damage(row, dice) if i in plain else row) for i, row in enumerate(rows)]
    found, issues = read(tmp_path, names, lines)
    assert set(issues) <= set(plain)
    assert all(found[i] == rows[i] or i in issues for i in range(COUNT))


def test_a_quoted_cell_without_its_delimiter_is_said(tmp_path):
    path = tmp_path / "list.csv"
    path.write_bytes(b'id,name,city\n1"Rojas, Eva",Lima\n2,"Paz, Ana",Cali\n3,5" pipe,6" pipe\n')
    (batch,) = open_sheet(path, ReadOptions(), tmp_path, Silent()).batches(9)
    assert batch.issues.select("at", "code").rows() == [(0, "row.quotes")]


@pytest.mark.parametrize(("odd", "warned"), [(1, {1: ["row.uneven"]}), (6, {})])
def test_in_a_short_list_a_row_that_alone_is_too_long_is_said(tmp_path, odd, warned):
    """An unquoted delimiter within a cell may have shifted it; where all rows end so, nothing is wrong."""
    path = tmp_path / "list.csv"
    lines = [f"{i};a{i}@x.example;b{i}@x.example;{';' if i in range(1, 1 + odd) else ''}\n" for i in range(6)]
    lines = [line_ if odd < 6 else line_.rstrip("\n;") + ";;\n" for line_ in lines]
    path.write_text("Nombre;Correo;Nota;Vendedor\n" + "".join(lines), encoding="utf-8")
    (batch,) = open_sheet(path, ReadOptions(), tmp_path, Silent()).batches(100)
    assert batch.cells.height == 6
    assert dict(batch.issues.group_by("at").agg(pl.col("code")).iter_rows()) == warned


def test_rulers_and_starred_totals_at_the_end_of_a_printed_list_are_no_customers(tmp_path):
    """A report of an accounting system ends with a ruler, a total and a ruler; all are named."""
    path = tmp_path / "list.txt"
    rows = "".join(f"|Ana {i}|{1000 + i}|\n" for i in range(8))
    path.write_text(f"|Nombre|Código|\n{rows}{'-' * 30}\n|*  Total|   8|\n{'-' * 30}\n", encoding="utf-8")
    sheet = open_sheet(path, ReadOptions(), tmp_path, Silent())
    assert [batch.cells.height for batch in sheet.batches(100)] == [8]
    assert any("*  Total" in note for note in sheet.facts.notes)
