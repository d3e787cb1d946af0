"""Turn an .xlsx or .xlsm package into rows of shown text: every cell from the file's own XML, none guessed.

Only what the sheets need is read, as a stream, by local element names (so strict and prefixed workbooks are
the same), without entities, network or trust in declared dimensions.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any
from xml.parsers import expat

import polars as pl

from pipeline.errors import Unreadable
from pipeline.read.book import Book, RawRow, SheetFacts, damaged, too_large
from pipeline.read.formats import Formats, built_in
from pipeline.read.quick import LAST_ROW, Irregular, Piece, QuickSheet, shared_texts

LONGEST_CELL = 100_000  # characters; a spreadsheet program holds 32,767
MOST_TEXT = 1 << 30  # characters of all shared texts
BLOCK = 1 << 18  # bytes
ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
REFERENCE = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]*)")


class Package(Book):
    """An open workbook; see `Book`."""

    def __init__(self, path: Path, name: str) -> None:
        """Read the parts that all sheets share."""
        self.name = name
        self.zip = zipfile.ZipFile(path)
        # Some writers use backslashes or another case in the names of the entries.
        self.entries = {e.filename.replace("\\", "/").lstrip("/").lower(): e for e in self.zip.infolist()}
        root = self._related("_rels/.rels", "")
        main = next((target for kind, target in root.values() if kind == "officeDocument"), "xl/workbook.xml")
        self.epoch_1904 = False
        self.sheets: list[tuple[SheetFacts, str]] = []
        self._workbook(main)
        folder, _, file = main.rpartition("/")
        related = self._related(f"{folder}/_rels/{file}.rels", folder)
        by_kind = dict(related.values())
        self.targets = {key: target for key, (_, target) in related.items()}
        self.formats = Formats(self._styles(by_kind.get("styles", "")), self.epoch_1904)
        self.shared_part = by_kind.get("sharedStrings", "")
        self.shared: list[str] | None = None
        self.series: pl.Series | None = None

    def facts(self) -> list[SheetFacts]:
        """The worksheets in their order."""
        return [facts for facts, _ in self.sheets]

    def rows(self, name: str) -> Iterator[RawRow]:
        """The rows of a sheet."""
        facts, part = self._part(name)
        self._read_texts()
        pass_ = SheetPass(self._texts(), self.formats, self.name)
        for _ in self._feed(part, pass_.start, pass_.end, pass_.data):
            yield from pass_.taken()
        yield from pass_.taken()
        facts.hidden_rows, facts.hidden_columns, facts.merged = pass_.hidden, pass_.hidden_columns, pass_.merged

    def pieces(self, name: str) -> Iterator[Piece]:
        """The rows of a sheet, many at a time.

        Raises:
            Irregular: the sheet is not written as usual; `rows` reads it.
        """
        facts, part = self._part(name)
        self._read_texts()

        def slow(piece: bytes) -> list[RawRow]:
            pass_ = SheetPass(self._texts(), self.formats, self.name)
            pass_.number = quick.last
            parser = _parser(self.name, pass_.start, pass_.end, pass_.data)
            try:
                parser.Parse(b"<sheetData>" + piece + b"</sheetData>", True)
            except (expat.ExpatError, ValueError, LookupError):
                raise Irregular from None
            return pass_.taken()

        quick = QuickSheet(self._series(), self.formats, self.name, slow, LONGEST_CELL)
        facts.hidden_rows = 0
        try:
            with self._open(part) as stream:
                yield from quick.pieces(stream, facts)
        except (zipfile.BadZipFile, EOFError, OSError, zlib.error) as error:
            raise damaged(self.name, f"{part}: {error}") from error

    def _part(self, name: str) -> tuple[SheetFacts, str]:
        facts, key = next(pair for pair in self.sheets if pair[0].name == name)
        part = self.targets.get(key, "")
        if part.lower() not in self.entries:
            raise damaged(self.name, f"the sheet {name} is missing in the package")
        return facts, part

    def _texts(self) -> list[str]:
        if self.shared is None:
            self.shared = self._shared() if self.series is None else self.series.to_list()
        return self.shared

    def _read_texts(self) -> None:
        try:
            self._series()
        except (zipfile.BadZipFile, EOFError, OSError, zlib.error) as error:
            raise damaged(self.name, f"{self.shared_part}: {error}") from error

    def _series(self) -> pl.Series:
        entry = self.entries.get(self.shared_part.lower())
        if self.series is None and entry is not None and self.shared is None and entry.file_size < MOST_TEXT // 4:
            self.series = shared_texts(self.zip.read(entry))
            if self.series is not None and (self.series.str.len_chars() > LONGEST_CELL).any():
                raise too_large(self.name, "a text longer than any cell")
        if self.series is None:
            self.series = pl.Series("shared", self._texts(), dtype=pl.String)
        return self.series

    # ── the parts ─────────────────────────────────────────────────────────────────────────────────────────

    def _open(self, part: str) -> IO[bytes]:
        return self.zip.open(self.entries[part.lower()])

    def _feed(
        self, part: str, start: Callable[[str, dict[str, str]], None], end: Callable[[str], None] | None = None,
        data: Callable[[str], None] | None = None,
    ) -> Iterator[None]:  # fmt: skip
        parser = _parser(self.name, start, end, data)
        try:
            with self._open(part) as stream:
                while block := stream.read(BLOCK):
                    parser.Parse(block, False)
                    yield
                parser.Parse(b"", True)
        except (
            expat.ExpatError, zipfile.BadZipFile, zlib.error, EOFError, ValueError, LookupError, OSError,
        ) as error:  # fmt: skip
            raise damaged(self.name, f"{part}: {error}") from error

    def _all(self, part: str, *handlers: Any) -> None:
        if part.lower() in self.entries:
            for _ in self._feed(part, *handlers):
                pass

    def _related(self, part: str, folder: str) -> dict[str, tuple[str, str]]:
        found: dict[str, tuple[str, str]] = {}

        def start(tag: str, given: dict[str, str]) -> None:
            if _local(tag) == "Relationship" and given.get("TargetMode") != "External":
                target = given.get("Target", "").replace("\\", "/")
                path = target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
                kind = given.get("Type", "").rpartition("/")[2]
                found[given.get("Id", "")] = (kind, posixpath.normpath(path))

        self._all(part, start)
        return found

    def _workbook(self, part: str) -> None:
        if part.lower() not in self.entries:
            raise damaged(self.name, "it has no workbook part")

        def start(tag: str, given: dict[str, str]) -> None:
            local = _local(tag)
            if local == "sheet":
                key = next((v for k, v in given.items() if _local(k) == "id" and k != "id"), "")
                state = given.get("state", "visible")
                self.sheets.append((SheetFacts(given.get("name", ""), hidden=state != "visible"), key))
            elif local == "workbookPr":
                self.epoch_1904 = given.get("date1904", "0").lower() in {"1", "true", "on"}

        self._all(part, start)

    def _styles(self, part: str) -> list[str]:
        codes: dict[int, str] = {}
        styles: list[int] = []
        inside = [""]

        def start(tag: str, given: dict[str, str]) -> None:
            local = _local(tag)
            if local == "numFmt" and given.get("numFmtId", "").isdigit():
                codes[int(given["numFmtId"])] = given.get("formatCode", "General")
            elif local in {"cellXfs", "cellStyleXfs"}:
                inside[0] = local
            elif local == "xf" and inside[0] == "cellXfs":
                number = given.get("numFmtId", "0")
                styles.append(int(number) if number.isdigit() else 0)

        self._all(part, start)
        return [codes.get(number) or built_in(number) for number in styles]

    def _shared(self) -> list[str]:
        texts: list[str] = []
        state = TextPass()
        size = 0

        def end(tag: str) -> None:
            nonlocal size
            local = _local(tag)
            state.end(local)
            if local == "si":
                text = state.take()
                size += len(text)
                if len(text) > LONGEST_CELL or size > MOST_TEXT:
                    raise too_large(self.name, f"a text of {len(text):,} characters")
                texts.append(unescape(text))

        self._all(self.shared_part, lambda tag, _: state.start(_local(tag)), end, state.data)
        return texts


class TextPass:
    """Collects the text of `si` or `is`: its runs, without the phonetic help."""

    def __init__(self) -> None:
        """Begin with no text."""
        self.pieces: list[str] = []
        self.text = self.phonetic = False

    def start(self, local: str) -> None:
        """An element begins."""
        if local == "rPh":
            self.phonetic = True
        elif local == "t":
            self.text = not self.phonetic

    def end(self, local: str) -> None:
        """An element ends."""
        if local == "rPh":
            self.phonetic = False
        elif local == "t":
            self.text = False

    def data(self, text: str) -> None:
        """Characters."""
        if self.text:
            self.pieces.append(text)

    def take(self) -> str:
        """The text so far; begins anew."""
        text = "".join(self.pieces)
        self.pieces.clear()
        return text


class SheetPass:
    """The handlers that turn one sheet's XML into rows."""

    def __init__(self, shared: list[str], formats: Formats, name: str) -> None:
        """Begin before the first row of a sheet."""
        self.shared, self.formats, self.name = shared, formats, name
        self.rows: list[RawRow] = []
        self.hidden = self.hidden_columns = self.merged = 0
        self.number = self.column = self.last = 0
        self.row: RawRow | None = None
        self.kind, self.style, self.value, self.formula = "n", 0, None, False
        self.inline = TextPass()
        self.pieces: list[str] = []
        self.taking = False
        self.valued = False
        self.size = 0
        self.letters: dict[str, int] = {}

    def taken(self) -> list[RawRow]:
        """The rows finished since the last call."""
        rows, self.rows = self.rows, []
        return rows

    def start(self, tag: str, given: dict[str, str]) -> None:
        """An element begins."""
        local = _local(tag)
        if local == "c":
            self._cell(given)
        elif local == "v":
            self.taking, self.valued = True, True
        elif local == "row":
            number = given.get("r", "")
            self.number = int(number) if number.isdigit() else self.number + 1
            if not self.last < self.number < LAST_ROW:
                raise damaged(self.name, f"row {self.number} stands after row {self.last}")
            self.last = self.number
            self.column = -1
            self.row = RawRow(self.number, {}, [])
            if given.get("hidden") in {"1", "true"}:
                self.hidden += 1
        elif local == "f":
            self.formula = True
        elif local in {"t", "rPh"}:
            self.inline.start(local)
        elif local == "col" and given.get("hidden") in {"1", "true"}:
            self.hidden_columns += 1
        elif local == "mergeCell":
            self.merged += 1

    def _cell(self, given: dict[str, str]) -> None:
        reference = given.get("r")
        if reference:
            letters = reference.rstrip("0123456789")
            column = self.letters.get(letters)
            if column is None:
                column = self.letters[letters] = _column(letters, self.name)
            self.column = column
        else:
            self.column += 1
        self.kind = given.get("t", "n")
        style = given.get("s", "0")
        self.style = int(style) if style.isdigit() else 0
        self.formula = self.valued = False
        self.pieces = []

    def data(self, text: str) -> None:
        """Characters."""
        if self.taking:
            self.pieces.append(text)
        else:
            self.inline.data(text)

    def end(self, tag: str) -> None:
        """An element ends."""
        local = _local(tag)
        if local == "c":
            self._finish()
        elif local == "v":
            self.taking = False
        elif local in {"t", "rPh"}:
            self.inline.end(local)
        elif local == "row" and self.row is not None:
            if self.row.cells or self.row.problems:
                self.rows.append(self.row)
            self.row = None

    def _finish(self) -> None:
        value, inline = "".join(self.pieces), self.inline.take()
        row = self.row
        if row is None:
            raise damaged(self.name, "a cell stands outside of a row")
        text = problem = ""
        if self.kind == "s" and value:
            text = self._shared_text(value)
        elif self.kind == "inlineStr" or (inline and not value):
            text = unescape(inline)
        elif self.kind in {"str", "d"}:
            text = unescape(value) if self.kind == "str" else iso_date(value)
        elif not value.strip():
            pass
        elif self.kind == "b":
            text = {"1": "TRUE", "0": "FALSE", "true": "TRUE", "false": "FALSE"}.get(value.strip(), value)
        elif self.kind == "e":
            text, problem = value, "cell.spreadsheet_error"
        else:
            text, lost = self.formats.show(value, self.style)
            problem = "cell.precision_lost" if lost else ""
        if self.formula and not (value or inline) and not (self.valued and self.kind == "str"):
            problem = "cell.formula_without_value"
        if text:
            row.cells[self.column] = self._bounded(text)
        if problem:
            row.problems.append((self.column, problem, text or None))

    def _shared_text(self, value: str) -> str:
        try:
            return self.shared[int(value)]
        except (IndexError, ValueError):
            raise damaged(self.name, "cells refer to texts that are not in the file") from None

    def _bounded(self, text: str) -> str:
        if len(text) > LONGEST_CELL:
            raise too_large(self.name, f"a cell of {len(text):,} characters")
        return text


def unescape(text: str) -> str:
    """Undo `_x000D_` and its like (ECMA-376, 22.9.2.19); a line break is a line feed, NUL is none of a text."""
    if "_x" in text:
        text = ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.replace("\0", "") if "\0" in text else text


def iso_date(value: str) -> str:
    """A date cell that is written as ISO 8601: midnight and a fraction of zero are left away."""
    text = re.sub(r"\.0+(?=Z?$)", "", value.strip())
    day, sign, clock = text.partition("T")
    return day if sign and clock.rstrip("Z") == "00:00:00" else f"{day} {clock}" if sign else text


def _parser(
    name: str, start: Callable[[str, dict[str, str]], None], end: Callable[[str], None] | None,
    data: Callable[[str], None] | None,
) -> expat.XMLParserType:  # fmt: skip
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.buffer_size = 1 << 16
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = data

    def refuse(*_: object) -> None:
        raise Unreadable(
            f"{name} holds XML entities, which no spreadsheet program writes: it may be an attack",
            "Open it in a spreadsheet program, save it anew, and run again with that file.",
        )

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    return parser


def _local(tag: str) -> str:
    return tag.rpartition(":")[2]


def _column(letters: str, name: str) -> int:
    found = REFERENCE.fullmatch(letters)
    if found is None:
        raise damaged(name, f"a cell is called {letters[:20]!r}")
    number = 0
    for letter in found[1].upper():
        number = number * 26 + ord(letter) - 64
    return number - 1
