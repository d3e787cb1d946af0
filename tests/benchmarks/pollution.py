"""Turn one clean table into every kind of polluted CSV file that Pollock knows, and readers into scores on them.

    python -m tests.benchmarks.pollution [--full]

Pollock (Vitagliano et al., "Pollock: A Data Loading Benchmark", VLDB 2023) pollutes a table of 83 rows and 9 columns
in 2,290 ways. This generator of ours makes the same kinds of files, and weighs them as the paper does: a score is the
sum of success and of precision, recall and F1 of the header, the records and the cells, 0 to 10. "Simple" counts each
file once, "weighted" as often as real files have that pollution. Without `--full` only some rows stand for all.
"""

from __future__ import annotations

import argparse
import csv
import random
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipeline.errors import Unreadable
from pipeline.progress import Silent
from pipeline.read import ReadOptions, open_sheet

Table = list[list[str]]
Reader = Callable[[Path], Table | None]
ROWS, COLUMNS = 83, 9
SOME = (0, 1, 2, 42, 83)  # rows, 0 is the header
HEADER = ["FECHA", "HORA", "Cant", "CODIGO", "Precio", "Nombre", "Descripcion", "Sitio", "Notas"]
WORDS = [
    "botas",
    "impermeables",
    "chaqueta",
    "ligera",
    "para",
    "correr",
    "cómodas",
    "firmes",
    "mañana",
    "taller",
    "señal",
    "d'Oro",
    "l'Étoile",
    "caña",
    "montaña",
    "azul",
    "verde",
    "grande",
    "clásico",
    "abrigo",
    "lana",
    "suave",
    "tejido",
    "garantía",
    "bodega",
    "sur",
    "norte",
    "resistente",
    "Ñuñoa",
    "O'Higgins",
]


@dataclass(frozen=True)
class Polluted:
    """A polluted file: `kind` as the paper groups them, what a reader should find, and how much the file counts."""

    kind: str
    name: str
    data: bytes
    wanted: Table
    files: float = 1.0  # of Pollock's files, this one stands for so many
    weight: float = 1.0  # files of the survey with this pollution


def table(seed: int = 1) -> Table:
    """An invented table like Pollock's: dates, times, prices, names with commas and inches, long texts."""
    dice = random.Random(seed)
    rows = [HEADER]
    for i in range(ROWS):
        name = " ".join(dice.choices(WORDS, k=dice.randint(2, 4))).capitalize()
        name += dice.choice(["", "", ", doble", f', {dice.randint(5, 30)}"', ", talla M"])
        text = ", ".join(" ".join(dice.choices(WORDS, k=dice.randint(4, 8))) for _ in range(dice.randint(1, 4)))
        text += f' de {dice.randint(2, 9)}" x {i}.' if i % 25 == 11 else f" {i}."
        code = f"{dice.choice(('MG', 'RI', 'CC', 'YY', 'BH'))}-{dice.randint(1000, 9999)}"
        rows.append([
            f"{i % 28 + 1:02}/{i // 28 + 1:02}/2018", f"{i % 24:02}:{i % 4 * 15:02}", str(dice.randint(0, 33)), code,
            f"${dice.randint(90, 9999) / 100:.2f}", name, text, f"https://www.ejemplo.example/{code}.html", "",
        ])  # fmt: skip
    return rows


def cell(text: str, column: int, delimiter: str = ",", quote: str = '"', escape: str = '"') -> str:
    """A cell as the source writes it: long texts and addresses are always quoted, others where they must be."""
    inside = text.replace(quote, escape + quote) if quote == '"' else text
    return quote + inside + quote if column in (6, 7) or delimiter in text or '"' in text else inside


def line(row: list[str], end: str = "\r\n", delimiter: str = ",", **more: str) -> str:
    """A record."""
    return delimiter.join(cell(text, i, delimiter, **more) for i, text in enumerate(row)) + end


def text(rows: Table, **more: str) -> str:
    """A whole file."""
    return "".join(line(row, **more) for row in rows)


def files(full: bool = False, seed: int = 1) -> Iterator[Polluted]:
    """All polluted files, with Pollock's weights."""
    clean = table(seed)
    for kind, name, content, wanted, weight in _whole(clean):
        yield Polluted(kind, name, content.encode(), wanted, weight=weight)
    chosen = tuple(range(ROWS + 1)) if full else SOME
    for at in chosen:
        share = ROWS / (len(chosen) - 1) if at else 1.0
        for kind, name, record, wanted, weight in _of_row(clean[at]):
            lines = [line(row) for row in clean]
            lines[at] = record
            expected = [wanted if i == at else row for i, row in enumerate(clean)]
            yield Polluted(kind, f"{name} of row {at}", "".join(lines).encode(), expected, share, weight * share)


def _whole(clean: Table) -> Iterator[tuple[str, str, str, Table, float]]:
    head, rows, plain = clean[0], clean[1:], text(clean)
    yield "none", "source", plain, clean, 1
    yield "payload", "empty file", "", [], 15
    yield "payload", "no newline at the end", plain[:-2], clean, 184
    yield "payload", "two newlines at the end", plain + "\r\n", clean, 5
    yield "header", "no header", text(rows), rows, 470
    for count in (2, 3):
        yield (
            "header",
            f"{count} header rows",
            text([head] * count + rows),
            [[" ".join([h] * count) for h in head], *rows],
            47,
        )
    yield "preamble", "preamble", text([["PREAMBLE"] + [""] * 8, [""] * 9]) + plain, clean, 282
    for name, other in (
        ("same", clean[:82]), ("less", [row[:-1] for row in clean[:82]]),
        ("more", [[*row, "col1" if row is head else row[-1]] for row in clean[:82]]),
    ):  # fmt: skip
        yield "tables", f"second table, {name} columns", plain + text(other), clean, 188 / 3
    yield "rows", "header only", text(clean[:1]), clean[:1], 3
    yield "rows", "one row", text(clean[:2]), clean[:2], 4
    yield "line ends", "CR", text(clean, end="\r"), clean, 7
    yield "line ends", "LF", text(clean, end="\n"), clean, 1691
    for delimiter, name, weight in (
        ("\t", "tab", 4),
        (";", "semicolon", 834),
        (" ", "space", 4),
        (", ", "comma space", 101),
    ):
        yield "delimiter", name, text(clean, delimiter=delimiter), clean, weight
    yield "quotes", "apostrophe", text(clean, quote="'"), clean, 11
    yield "quotes", "backslash escapes", text(clean, escape="\\"), clean, 1
    yield "quotes", "no escapes", text(clean, escape=""), clean, 7


def _of_row(row: list[str]) -> Iterator[tuple[str, str, str, list[str], float]]:
    cells = [cell(value, i) for i, value in enumerate(row)]
    for i in range(COLUMNS):
        if i:
            yield (
                "missing delimiter",
                f"column {i}",
                ",".join([*cells[: i - 1], cells[i - 1] + cells[i], *cells[i + 1 :]]) + "\r\n",
                row,
                0.36775,
            )
        yield "extra delimiter", f"column {i}", ",".join([*cells[:i], "", *cells[i:]]) + "\r\n", row, 0.36775
        marked = [(c[0] + '"' + c[1:] if c.startswith('"') else '"' + c) if k == i else c for k, c in enumerate(cells)]
        yield (
            "extra quote",
            f"column {i}",
            ",".join(marked) + "\r\n",
            [f'"{v}' if k == i else v for k, v in enumerate(row)],
            0.00926,
        )
    yield "row delimiter", "blanks", " ".join(cells) + "\r\n", row, 0.14286


def ours(path: Path) -> Table | None:
    """This reader, told nothing; a question it asks is no success."""
    try:
        return _open(path, ReadOptions())
    except Unreadable:
        return None


def ours_answered(path: Path) -> Table | None:
    """This reader, told nothing; a question is answered as its own message proposes first, whatever the file is."""
    try:
        return _open(path, ReadOptions())
    except Unreadable as stop:
        if "is empty" in stop.message:
            return []
        if "no customers below" in stop.message:
            return _head_alone(path)
        if row := re.search(r"--header-row (\d+)", stop.remedy):
            return _open(path, ReadOptions(header_row=int(row[1])))
        return None


def _head_alone(path: Path) -> Table:
    """A header without rows, once more with a row below it that is then left out."""
    data = path.read_bytes()
    path.write_bytes(data + b"x" + data)
    return _open(path, ReadOptions(header_row=1))[:1]


def _open(path: Path, options: ReadOptions) -> Table:
    with tempfile.TemporaryDirectory() as scratch:
        sheet = open_sheet(path, options, Path(scratch), Silent())
        rows = [list(row[1:]) for batch in sheet.batches(1000) for row in batch.cells.iter_rows()]
    named = [list(sheet.headers)] if sheet.facts.header_row else []  # without a header the first row is data
    return [*named, *([value or "" for value in row] for row in rows)]


def duckdb(path: Path) -> Table | None:
    """DuckDB, which detects the dialect, as Pollock calls it."""
    import duckdb as database

    try:
        found = database.connect().read_csv(
            str(path), all_varchar=True, strict_mode=False, ignore_errors=True, null_padding=True
        )
        return [list(found.columns), *([value or "" for value in row] for row in found.fetchall())]
    except database.Error:
        return None


def polars(path: Path) -> Table | None:
    """polars, with what makes it most lenient; it detects no dialect."""
    try:
        frame = pl.read_csv(path, infer_schema=False, truncate_ragged_lines=True, ignore_errors=True)
    except pl.exceptions.PolarsError:
        return None
    return [list(frame.columns), *([value or "" for value in row] for row in frame.iter_rows())]


def standard(path: Path) -> Table | None:
    """Python's csv with its sniffer, as Pollock calls it."""
    try:
        content = path.read_text(encoding="utf-8")
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.reader(file, csv.Sniffer().sniff(content)))
    except (csv.Error, UnicodeDecodeError):
        return None


def measures(wanted: Table, loaded: Table | None) -> float:
    """Success, and precision, recall and F1 of header, records and cells, added up: 0 to 10."""
    if loaded is None:
        return 0.0
    if not wanted:
        return 10.0
    joined = [["".join(row).casefold() for row in rows[1:]] for rows in (wanted, loaded)]
    cells = [[value for row in rows for value in row] for rows in (wanted, loaded)]
    heads = [[value.casefold() for value in (rows[0] if rows else [])] for rows in (wanted, loaded)]
    return 1.0 + sum(_three(*pair) for pair in (heads, joined, cells))


def _three(wanted: list[str], loaded: list[str]) -> float:
    if not wanted:
        return 3.0
    common = (Counter(wanted) & Counter(loaded)).total()
    if not common:
        return 0.0
    recall, precision = common / len(wanted), common / len(loaded)
    return recall + precision + 2 * recall * precision / (recall + precision)


def scores(read: Reader, listed: list[Polluted]) -> tuple[float, float, dict[str, float]]:
    """The simple score, the weighted score, and the simple score of each kind."""
    got: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list.csv"
        for polluted in listed:
            path.write_bytes(polluted.data)
            got.append(measures(polluted.wanted, read(path)))
    kinds: dict[str, list[tuple[float, float]]] = {}
    for polluted, score in zip(listed, got, strict=True):
        kinds.setdefault(polluted.kind, []).append((score, polluted.files))
    simple = sum(s * p.files for s, p in zip(got, listed, strict=True)) / sum(p.files for p in listed)
    weighted = sum(s * p.weight for s, p in zip(got, listed, strict=True)) / sum(p.weight for p in listed)
    return simple, weighted, {k: sum(s * n for s, n in v) / sum(n for _, n in v) for k, v in kinds.items()}


def main() -> None:
    """Print the scores of all readers on the same files."""
    asked = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asked.add_argument("--full", action="store_true", help="each row is polluted in turn, as in the paper")
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()
    listed = list(files(given.full, given.seed))
    print(f"{len(listed)} files, {sum(p.files for p in listed):.0f} of Pollock's")
    found = {read.__name__: scores(read, listed) for read in (ours, ours_answered, duckdb, polars, standard)}
    print(f"{'':20}" + "".join(f"{name:>16}" for name in found))
    for title, at in (("simple", 0), ("weighted", 1)):
        print(f"{title:20}" + "".join(f"{each[at]:16.3f}" for each in found.values()))
    for kind in next(iter(found.values()))[2]:
        print(f"  {kind:18}" + "".join(f"{each[2][kind]:16.3f}" for each in found.values()))


if __name__ == "__main__":
    main()
