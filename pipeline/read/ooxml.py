"""Turn an .xlsx or .xlsm package into rows of shown text: every cell from the file's own XML, none guessed.

Only what the sheets need is read, as a stream, by local element names (so strict and prefixed workbooks are
the same), without entities, network or trust in declared dimensions.
"""

from __future__ import annotations

import posixpath
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any
from xml.parsers import expat

import polars as pl

from pipeline.inflate import unpacked
from pipeline.language import say
from pipeline.read import markup
from pipeline.read.book import Book, RawRow, SheetFacts, damaged, too_large
from pipeline.read.formats import Formats, built_in
from pipeline.read.quick import Irregular, Piece, QuickSheet
from pipeline.read.sheetxml import LONGEST_CELL, SheetPass, TextPass, local_name, unescape
from pipeline.read.shown import Shown
from pipeline.read.xmltext import shared_texts

MOST_TEXT = 1 << 30  # characters of all shared texts


class Package(Book):
    """An open workbook; see `Book`."""

    MAIN = "xl/workbook.xml"  # where it is if the package does not say

    def __init__(self, path: Path, name: str) -> None:
        """Read the parts that all sheets share."""
        self.name = name
        self.zip = zipfile.ZipFile(path)
        # Some writers use backslashes or another case in the names of the entries.
        self.entries = {e.filename.replace("\\", "/").lstrip("/").lower(): e for e in self.zip.infolist()}
        root = self._related("_rels/.rels", "")
        main = next((target for kind, target in root.values() if kind == "officeDocument"), self.MAIN)
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

        def slow(piece: bytes, last: int) -> tuple[list[RawRow], int, int]:
            pass_ = SheetPass(self._texts(), self.formats, self.name, last)
            parser = markup.parser(self.name, pass_.start, pass_.end, pass_.data)
            try:
                parser.Parse(b"<sheetData>" + piece + b"</sheetData>", True)
            except (expat.ExpatError, ValueError, LookupError):
                raise Irregular from None
            return pass_.taken(), pass_.last, pass_.hidden

        quick = QuickSheet(lambda: Shown(self._read_texts(), self.formats, self.name), slow)
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
            raise damaged(self.name, say("the sheet {name} is missing in the package", name=name))
        return facts, part

    def _texts(self) -> list[str]:
        if self.shared is None:
            self.shared = self._shared() if self.series is None else self.series.to_list()
        return self.shared

    def _read_texts(self) -> pl.Series:
        try:
            return self._series()
        except (zipfile.BadZipFile, EOFError, OSError, zlib.error) as error:
            raise damaged(self.name, f"{self.shared_part}: {error}") from error

    def _series(self) -> pl.Series:
        entry = self.entries.get(self.shared_part.lower())
        if self.series is None and entry is not None and self.shared is None and entry.file_size < MOST_TEXT // 4:
            with unpacked(self.zip, entry) as stream:
                self.series = shared_texts(stream.read())
            if self.series is not None and (self.series.str.len_chars() > LONGEST_CELL).any():
                raise too_large(self.name, say("a text longer than any cell"))
        if self.series is None:
            self.series = pl.Series("shared", self._texts(), dtype=pl.String)
        return self.series

    # ── the parts ─────────────────────────────────────────────────────────────────────────────────────────

    def _open(self, part: str) -> IO[bytes]:
        return unpacked(self.zip, self.entries[part.lower()])

    def _feed(
        self, part: str, start: Callable[[str, dict[str, str]], None], end: Callable[[str], None] | None = None,
        data: Callable[[str], None] | None = None,
    ) -> Iterator[None]:  # fmt: skip
        try:
            stream = self._open(part)
        except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError) as error:
            raise damaged(self.name, f"{part}: {error}") from error
        with stream:
            yield from markup.feed(stream, markup.parser(self.name, start, end, data), self.name, part)

    def _all(self, part: str, *handlers: Any) -> None:
        if part.lower() in self.entries:
            for _ in self._feed(part, *handlers):
                pass

    def _related(self, part: str, folder: str) -> dict[str, tuple[str, str]]:
        found: dict[str, tuple[str, str]] = {}

        def start(tag: str, given: dict[str, str]) -> None:
            if local_name(tag) == "Relationship" and given.get("TargetMode") != "External":
                target = given.get("Target", "").replace("\\", "/")
                path = target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
                kind = given.get("Type", "").rpartition("/")[2]
                found[given.get("Id", "")] = (kind, posixpath.normpath(path))

        self._all(part, start)
        return found

    def _workbook(self, part: str) -> None:
        if part.lower() not in self.entries:
            raise damaged(self.name, say("it has no workbook part"))

        def start(tag: str, given: dict[str, str]) -> None:
            local = local_name(tag)
            if local == "sheet":
                key = next((v for k, v in given.items() if local_name(k) == "id" and k != "id"), "")
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
            local = local_name(tag)
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
            local = local_name(tag)
            state.end(local)
            if local == "si":
                text = state.take()
                size += len(text)
                if len(text) > LONGEST_CELL or size > MOST_TEXT:
                    raise too_large(self.name, say("a text of {count:n} characters", count=len(text)))
                texts.append(unescape(text))

        self._all(self.shared_part, lambda tag, _: state.start(local_name(tag)), end, state.data)
        return texts
