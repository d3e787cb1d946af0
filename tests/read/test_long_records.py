"""Rows of millions of characters: one that may be a row is read whole, one that cannot be stops the run in plain words."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import Unreadable
from pipeline.progress import Silent
from pipeline.read import ReadOptions, open_sheet, proof, tolerant, wellformed
from pipeline.read.dialect import SAMPLE
from pipeline.read.tolerant import LONGEST_FIELD, LONGEST_RECORD

HEAD = "Nombre,Correo\n"
LAST = "Ana,ana@empresa.cl\n"


def read(path: Path, text: str) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    path.write_text(text, encoding="utf-8", newline="")
    batches = list(open_sheet(path, ReadOptions(), path.parent, Silent()).batches(1000))
    issues = [
        (batch.cells["row"][at], code) for batch in batches for at, code in batch.issues.select("at", "code").rows()
    ]
    return [row for batch in batches for row in batch.cells.rows()], issues


@pytest.mark.parametrize("size", [LONGEST_FIELD - 9, 3 * LONGEST_FIELD, 9 * LONGEST_FIELD, LONGEST_RECORD - 99])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_long_line_is_one_row(tmp_path: Path, size: int, end: str) -> None:
    """Also where the careful reader has it, whose text comes in pieces: a row with a cell too few is in this list."""
    text = (HEAD + LAST + "Eva\n" + "x" * size + ",foto@empresa.cl\n" + LAST * 3).replace("\n", end)
    rows, _ = read(tmp_path / "a.csv", text)
    assert [(row[0], len(str(row[1])), row[2]) for row in rows] == [
        (2, 3, "ana@empresa.cl"), (3, 3, None), (4, size, "foto@empresa.cl"),
        *((number, 3, "ana@empresa.cl") for number in (5, 6, 7)),
    ]  # fmt: skip


LONG = {
    "quoted": '"' + "x" * LONGEST_RECORD + '",a@empresa.cl\n' + LAST,
    "with delimiters": '"' + "uno, dos, " * (LONGEST_RECORD // 10) + 'tres, cuatro",a@empresa.cl\n' + LAST,
    "with doubled marks": '"' + 'dijo ""sí"", y ' * (LONGEST_RECORD // 15) + ' más y más texto",a@empresa.cl\n' + LAST,
    "bare": "Eva," + "x" * LONGEST_RECORD + "\n" + LAST,
    "never closed": '"' + "uno, dos, " * (LONGEST_RECORD // 8),
    "never ended": "Eva," + "x" * (LONGEST_RECORD + 1),
}


@pytest.mark.parametrize("kind", LONG)
def test_a_line_that_is_too_long_for_a_row_stops_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """It is named, and not parted into a million cells before."""
    parted: list[int] = []
    field = tolerant._field
    monkeypatch.setattr(tolerant, "_field", lambda *a: parted.append(1) or field(*a))
    with pytest.raises(Unreadable) as stop:
        read(tmp_path / "a.csv", HEAD + LAST + LONG[kind])
    assert stop.value.args[0] == "row 3 of a.csv has more than 16,777,216 characters, which no customer has"
    assert len(parted) < SAMPLE


@pytest.mark.parametrize("small", [0, 1 << 30])
@pytest.mark.parametrize("form", ["{},a@empresa.cl\n", '"{}",a@empresa.cl\n', 'a@empresa.cl,"{}"\n', "Eva,{}\n"])
def test_both_ways_have_the_same_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, small: int) -> None:
    """What follows a row that is too long for the quick way is never left out."""
    monkeypatch.setattr(wellformed, "SMALL", small)
    monkeypatch.setattr(proof, "CHUNK", 512)
    monkeypatch.setattr(proof, "LONGEST_RECORD", 1 << 17)
    monkeypatch.setattr(tolerant, "LONGEST_RECORD", 1 << 17)
    room = (1 << 17) - len(form.format(""))
    rows, issues = read(tmp_path / "a.csv", HEAD + LAST * 20 + form.format("x" * room) + LAST * 20)
    assert (len(rows), max(len(str(cell)) for row in rows for cell in row), issues) == (41, room, [])
    with pytest.raises(Unreadable, match=r"^row 22 of a\.csv has more than"):
        read(tmp_path / "a.csv", HEAD + LAST * 20 + form.format("x" * (room + 1)) + LAST * 20)


def test_a_quotation_mark_that_never_closes_spoils_its_own_row_alone(tmp_path: Path) -> None:
    """However much follows it."""
    rows, issues = read(tmp_path / "a.csv", HEAD + '"Eva,eva@empresa.cl\n' + LAST * 150_000)
    assert (len(rows), issues) == (150_001, [(2, "row.quotes")])
    assert rows[-1] == (150_002, "Ana", "ana@empresa.cl")


@pytest.mark.parametrize("letter", ["línea\n" * 30_000, "uno, dos, " * 30_000, "dijo, y se fue\n" * 30_000])
def test_a_text_longer_than_the_first_look_does_not_hide_the_columns(tmp_path: Path, letter: str) -> None:
    """A cell in the first row is no row, nor many cells, though nothing else was seen when the delimiter was chosen."""
    rows, issues = read(tmp_path / "a.csv", f'{HEAD}"{letter}",a@empresa.cl\n{LAST}')
    assert (rows, issues) == ([(2, letter, "a@empresa.cl"), (3, "Ana", "ana@empresa.cl")], [])


@pytest.mark.parametrize("rows", [0, 5_000])
def test_a_text_of_more_lines_than_a_cell_has_is_not_taken_for_customers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    """The run stops at its twenty-thousandth line and names the row where it begins, not each of its lines."""
    looked: list[int] = []
    record = tolerant._record
    monkeypatch.setattr(tolerant, "_record", lambda *a: looked.append(1) or record(*a))
    text = HEAD + LAST * rows + '"' + "un renglón de la carta\n" * 900_000 + '",a@empresa.cl\n' + LAST
    with pytest.raises(Unreadable) as stop:
        read(tmp_path / "a.csv", text)
    assert stop.value.args[0] == (
        f"row {rows + 2} of a.csv has a quotation mark that does not close as it should, and none of the 20,000 rows after "
        "it has the 2 cells of the table"
    )
    assert len(looked) < 60_000


def test_rows_that_leave_out_their_last_cells_go_on_after_a_wrong_mark(tmp_path: Path) -> None:
    """None of them has all cells, and they are customers."""
    head = "Nombre,Correo,Ciudad,Notas\n"
    rows, issues = read(tmp_path / "a.csv", head + LAST * 40 + '"Eva,eva@empresa.cl\n' + LAST * 30_000)
    assert len(rows) == 30_041
    assert (42, "row.quotes") in issues
