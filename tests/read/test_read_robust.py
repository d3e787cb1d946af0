"""Text files of any quality: nothing of them disappears in silence, and no bytes make the reader crash."""

import gzip
import random
import resource
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import Unreadable
from pipeline.progress import Silent
from pipeline.read import ReadOptions, encoding, look, open_sheet, proof, wellformed
from tests.benchmarks import pollution

MOST_KILOBYTES = 300 << 10  # by which reading damaged copies of small files may make the process grow

CORPUS = Path(__file__).parents[2] / "../shared/corpus"
QUIET = settings(max_examples=120, derandomize=True, deadline=None,
                 suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
BETWEEN = st.lists(
    st.sampled_from([",", ",", ",", "\n", "\r\n", "\r", '"', '""', "'", "\\", " ", "\t", "\0", ";", "é"]), max_size=4
)


def shown(sheet) -> tuple[list[tuple], pl.DataFrame]:
    batches = list(sheet.batches(50))
    return [row for b in batches for row in b.cells.rows()], pl.concat([b.issues for b in batches])


@QUIET
@given(st.lists(BETWEEN, min_size=3, max_size=60))
def test_no_word_of_a_file_disappears_in_silence(tmp_path_factory, between):
    """Words with any delimiters, quotes and line ends between them: each is in a cell, or an issue shows it."""
    folder = tmp_path_factory.mktemp("words")
    words = [f"w{i:03}x" for i in range(len(between))]
    text = "h1,h2,h3\na,b,c\n" + "".join("".join(b) + word for b, word in zip(between, words, strict=True))
    path = folder / "list.csv"
    path.write_bytes(text.encode())
    sheet = open_sheet(path, ReadOptions(delimiter=",", header_row=1), folder, Silent())
    rows, issues = shown(sheet)
    kept = " ".join(cell for row in rows for cell in row[1:] if cell) + " ".join(issues["value"].drop_nulls())
    assert [word for word in words if word not in kept] == []


@QUIET
@given(
    lines=st.lists(st.lists(st.sampled_from(["a", "José", "", "x y", "1,5", "año\nñandú", 'q"q', "'s", "0012"]), min_size=4, max_size=4), min_size=2, max_size=30),
    name=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32", "cp1252"]),
    delimiter=st.sampled_from([";", "\t", "|"]), newline=st.sampled_from(["\n", "\r\n", "\r"]), sep=st.booleans(),
    packed=st.booleans(),
)  # fmt: skip
def test_every_encoding_delimiter_and_line_end_gives_back_what_was_written(
    tmp_path_factory, lines, name, delimiter, newline, sep, packed
):
    """Mixtures of encodings, marks, delimiters, line ends, a `sep=` line and compression: the cells are the same."""
    folder = tmp_path_factory.mktemp("mix")
    rows = [[f"k{i}", *row] for i, row in enumerate(lines)]
    quote = lambda c: '"' + c.replace('"', '""') + '"' if set(c) & set('"\n') or not c.isascii() else c  # noqa: E731
    text = "".join(delimiter.join(map(quote, row)) + newline for row in [["Clave", "Año", "B", "C", "D"], *rows])
    text = (f"sep={delimiter}{newline}" if sep else "") + text
    data = text.encode(name)
    path = folder / ("list.csv.gz" if packed else "list.csv")
    path.write_bytes(gzip.compress(data) if packed else data)
    found, issues = shown(open_sheet(path, ReadOptions(header_row=1), folder, Silent()))
    assert [list(row[1:]) for row in found] == [[cell or None for cell in row] for row in rows]
    assert issues.is_empty()


def originals() -> list[Path]:
    return sorted((CORPUS / "csv").iterdir()) + sorted((CORPUS / "customers").glob("*.csv")) if CORPUS.is_dir() else []


@pytest.mark.parametrize("part", range(4))
def test_no_bytes_make_the_reader_crash(tmp_path, monkeypatch, part):
    """Files with bytes changed, doubled, dropped or cut end as rows or as a stop with a remedy, on both ways."""
    monkeypatch.setattr(wellformed, "SMALL", part % 2 << 30)
    monkeypatch.setattr(proof, "CHUNK", 512)
    dice = random.Random(part)
    sources = [path.read_bytes()[:6000] for path in originals()] + [p.data[:6000] for p in pollution.files()][::9]
    path = tmp_path / "list.csv"
    ends, before = {"rows": 0, "stop": 0}, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for data in dice.sample(sources, min(60, len(sources))):
        changed = bytearray(data)
        for _ in range(dice.randint(1, 12)):
            at = dice.randrange(len(changed) + 1)
            change = dice.choice(
                [
                    bytes([dice.randrange(256)]),
                    b'"',
                    b"\r",
                    b"\0",
                    b"\n\n",
                    b",,,",
                    b"\xff\xfe",
                    b"",
                    bytes(changed[at : at + 40]),
                ]
            )
            changed[at : at + dice.choice([0, 1, 1, 30])] = change
        path.write_bytes(bytes(changed))
        try:
            sheet = open_sheet(path, ReadOptions(), tmp_path, Silent())
            rows, issues = shown(sheet)
        except Unreadable as stop:
            assert stop.message
            assert stop.remedy
            ends["stop"] += 1
            continue
        assert len(rows) == sheet.facts.rows
        assert [row[0] for row in rows] == sorted({row[0] for row in rows})
        assert issues["at"].drop_nulls().is_between(0, len(rows) - 1).all()
        ends["rows"] += 1
    assert ends["rows"] > 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MOST_KILOBYTES


def test_a_wrong_byte_far_behind_is_found(tmp_path):
    """A file that begins as UTF-8 and is a code page later has the right letters, or an issue in the very cell."""
    lines = "".join(f"Ana {i},{i}\n" for i in range(30_000))
    path = tmp_path / "list.csv"
    path.write_bytes(("Nombre,RUT\n" + lines).encode() + "Muñoz,1\nPeña,2\n".encode("cp1252"))
    assert path.stat().st_size > encoding.HEAD
    sheet = open_sheet(path, ReadOptions(), tmp_path, Silent())
    assert sheet.facts.encoding == "cp1252"
    assert [row[1] for b in sheet.batches(10_000) for row in b.cells.rows()][-2:] == ["Muñoz", "Peña"]


@pytest.mark.parametrize("at", [300, 29_000])
@pytest.mark.parametrize(
    ("bad", "code"),
    [("x,y,z", "row.too_many_cells"), ("x", None), ('"a"b",c', "row.quotes_repaired"), ("a\0b,c", None)],
)
def test_one_irregular_record_anywhere_is_found(tmp_path, at, bad, code):
    """The proof looks at every byte: a record that polars might read otherwise sends the file the careful way."""
    lines = [f"Ana {i},{i}" for i in range(30_000)]
    lines[at] = bad
    path = tmp_path / "list.csv"
    path.write_text("Nombre,RUT\n" + "\n".join(lines) + "\n", encoding="utf-8")
    shape = look.Shape(b",", b'"', 2)
    assert proof.survey(path, 0, shape) is None
    rows, issues = shown(open_sheet(path, ReadOptions(), tmp_path, Silent()))
    assert len(rows) == 30_000
    assert code is None or code in issues["code"].to_list()


def test_compensating_faults_are_no_proof(tmp_path):
    """One record with a cell too few and one with a cell too many: the sum of delimiters is right, the file is not."""
    data = b"a,b,c\n" + b"1,2,3\n" * 5000 + b"1,2\n1,2,3,4\n" + b"1,2,3\n" * 5000
    assert look.look(data, look.Shape(b",", b'"', 3)) is None
    assert look.look(data.replace(b"1,2\n1,2,3,4\n", b""), look.Shape(b",", b'"', 3)).records == 10_001


def test_blank_records_are_counted_and_left_out(tmp_path, monkeypatch):
    """Records of empty cells, quoted or not, and blank lines are no customers on the fast way either."""
    monkeypatch.setattr(wellformed, "SMALL", 0)
    body = 'Ana,1\n,\n"",""\n\n"",\nEva,2\r\n,""\r\n;,3\n'
    for chunk in (16, 1 << 20):
        monkeypatch.setattr(proof, "CHUNK", chunk)
        path = tmp_path / "list.csv"
        path.write_text("Nombre,RUT\n" + body, encoding="utf-8", newline="")
        sheet = open_sheet(path, ReadOptions(), tmp_path, Silent())
        rows, _ = shown(sheet)
        assert rows == [(2, "Ana", "1"), (7, "Eva", "2"), (9, ";", "3")]
        assert sheet.facts.rows == 3


def test_a_blank_after_every_delimiter_is_no_part_of_the_cells(tmp_path):
    """`a, b, "c, d"` is read without the blanks, and said; a blank after some delimiters only stays."""
    path = tmp_path / "list.csv"
    path.write_text("Nombre, RUT, Nota\n" + 'Ana, 1-9, "x, y"\nEva, 2-7, \n' * 5, encoding="utf-8")
    sheet = open_sheet(path, ReadOptions(), tmp_path, Silent())
    rows, _ = shown(sheet)
    assert sheet.headers == ("Nombre", "RUT", "Nota")
    assert [row[1:] for row in rows[:2]] == [("Ana", "1-9", "x, y"), ("Eva", "2-7", None)]
    assert any("blank" in note for note in sheet.facts.notes)
    path.write_text("Nombre,RUT\n" + "Ana, 1-9\nEva,2-7\n" * 5, encoding="utf-8")
    rows, _ = shown(open_sheet(path, ReadOptions(), tmp_path, Silent()))
    assert rows[0][2] == " 1-9"


@settings(max_examples=300, derandomize=True, deadline=None)
@given(
    width=st.integers(2, 7), newline=st.sampled_from(["\n", "\r\n"]), data=st.data(), spare=st.binary(max_size=6),
)  # fmt: skip
def test_the_proof_sees_blank_records_and_empty_quotes(width, newline, data, spare):
    """At any width; what stands behind the bytes that count, in a buffer used again, decides nothing."""
    cell = st.sampled_from(["", "", '""', "a", '"a;b"', '"\n;;\n"', '""""', '"a"""', "\N{EURO SIGN}"])
    rows = data.draw(st.lists(st.lists(cell, min_size=width, max_size=width), min_size=1, max_size=6))
    text = newline.join(";".join(row) for row in rows).encode() + newline.encode()
    shape = look.Shape(b";", b'"', width)
    found = look.look(bytearray(text + spare), shape, len(text))
    if len(text) < look.LEAST:
        return
    assert found == look.look(text, shape)
    assert found.records == len(rows)
    assert found.empties == any(c == '""' for row in rows for c in row)
    assert found.blanks or not any(set(row) <= {"", '""'} for row in rows)
