"""Turn an .xlsb workbook into rows of shown text: every cell record, with its number format and its errors.

Source: [MS-XLSB] 2.1.4 (records), 2.4 (their fields); the package around them is that of an .xlsx file.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from pipeline.language import say
from pipeline.read.book import RawRow, SheetFacts, damaged, too_large
from pipeline.read.formats import built_in
from pipeline.read.ooxml import MOST_TEXT, Package
from pipeline.read.quick import Irregular
from pipeline.read.sheetxml import LAST_ROW, LONGEST_CELL, unescape

LARGEST_PART = 1 << 30  # bytes
LAST_COLUMN = 1 << 14
ROW, BLANK, RK, ERROR, BOOL, REAL, TEXT, SHARED = range(8)
FORMULA_TEXT, FORMULA_REAL, FORMULA_BOOL, FORMULA_ERROR = range(8, 12)
ITEM, FORMAT, XF, COLUMN, RICH, DATA_END = 19, 44, 47, 60, 62, 146
WORKBOOK, SHEET, MERGED, XFS, XFS_END = 153, 156, 176, 617, 618
ERRORS = {0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A",
          0x2B: "#GETTING_DATA"}  # fmt: skip


class BinaryBook(Package):
    """An open workbook; see `Book`."""

    MAIN = "xl/workbook.bin"

    def rows(self, name: str) -> Iterator[RawRow]:
        """The rows of a sheet."""
        facts, part = self._part(name)
        with self._fitting(part):
            yield from self._rows(facts, part)

    def _rows(self, facts: SheetFacts, part: str) -> Iterator[RawRow]:
        facts.hidden_rows = facts.hidden_columns = facts.merged = 0
        texts = self._texts()
        row: RawRow | None = None
        for kind, data in self._records(part):
            if kind == ROW:
                if row and (row.cells or row.problems):
                    yield row
                row = self._row(data, row, facts)
            elif BLANK < kind <= FORMULA_ERROR or kind == RICH:
                if row is None:
                    raise damaged(self.name, say("a cell stands outside of a row"))
                self._cell(kind, data, row, texts)
            elif kind == DATA_END:
                if row and (row.cells or row.problems):
                    yield row
                row = None
            elif kind == MERGED:
                facts.merged += 1
            elif kind == COLUMN and len(data) >= 18 and data[16] & 1:
                first, last = struct.unpack_from("<II", data)
                facts.hidden_columns += max(0, min(last, LAST_COLUMN) - first + 1)

    def pieces(self, name: str) -> Iterator[Any]:
        """Never: records are read one by one."""
        raise Irregular(name)

    def _row(self, data: bytes, before: RawRow | None, facts: SheetFacts) -> RawRow:
        number = struct.unpack_from("<I", data)[0] + 1
        if not (before.number if before else 0) < number < LAST_ROW:
            raise damaged(
                self.name,
                say("row {number} stands after row {before}", number=number, before=before.number if before else 0),
            )
        facts.hidden_rows += len(data) > 11 and bool(data[11] & 0x10)
        return RawRow(number, {}, [])

    def _cell(self, kind: int, data: bytes, row: RawRow, texts: list[str]) -> None:
        column, style = struct.unpack_from("<II", data)
        if column >= LAST_COLUMN:
            raise damaged(self.name, say("a cell stands in column {column:n}", column=column))
        text, problem = self._value(kind, data, style & 0xFFFFFF, texts)
        if len(text) > LONGEST_CELL:
            raise too_large(self.name, say("a cell of {count:n} characters", count=len(text)))
        if text:
            row.cells[column] = text
        if problem:
            row.problems.append((column, problem, text or None))

    def _value(self, kind: int, data: bytes, style: int, texts: list[str]) -> tuple[str, str]:
        if kind == SHARED:
            index = struct.unpack_from("<I", data, 8)[0]
            if index >= len(texts):
                raise damaged(self.name, say("cells refer to texts that are not in the file"))
            return texts[index], ""
        if kind in {TEXT, FORMULA_TEXT}:
            return unescape(_wide(data, 8)), ""
        if kind == RICH:
            return unescape(_wide(data, 9)), ""
        if kind in {BOOL, FORMULA_BOOL}:
            return ("TRUE" if data[8] else "FALSE"), ""
        if kind in {ERROR, FORMULA_ERROR}:
            return ERRORS.get(data[8], f"#ERROR {data[8]}"), "cell.spreadsheet_error"
        rk, real = kind == RK, kind != RK and struct.unpack_from("<d", data, 8)[0]
        return self.formats.show(_compressed(struct.unpack_from("<I", data, 8)[0]) if rk else repr(real), style)

    # ── the parts ─────────────────────────────────────────────────────────────────────────────────────────

    def _records(self, part: str) -> Iterator[tuple[int, bytes]]:
        """The records of a part: their number and their bytes."""
        entry = self.entries.get(part.lower())
        if entry is None:
            return
        if entry.file_size > LARGEST_PART:
            raise too_large(
                self.name, say("{part} unpacks to {file_size:n} bytes", part=part, file_size=entry.file_size)
            )
        with self._fitting(part):
            yield from _split(self.zip.read(entry))

    @contextmanager
    def _fitting(self, part: str) -> Iterator[None]:
        """Records that are too short for what they should hold, or cannot be unpacked, are damage."""
        try:
            yield
        except (
            zipfile.BadZipFile, zlib.error, EOFError, OSError, IndexError, struct.error, NotImplementedError, RuntimeError,
        ) as error:  # fmt: skip
            raise damaged(self.name, f"{part}: {error}") from error

    def _workbook(self, part: str) -> None:
        if part.lower() not in self.entries:
            raise damaged(self.name, say("it has no workbook part"))
        with self._fitting(part):
            self._sheets(part)

    def _sheets(self, part: str) -> None:
        for kind, data in self._records(part):
            if kind == WORKBOOK and data:
                self.epoch_1904 = bool(data[0] & 1)
            elif kind == SHEET:
                hidden = struct.unpack_from("<I", data)[0] != 0
                key = _wide(data, 8)
                name = _wide(data, 12 + 2 * len(key))  # a key has no characters beyond the first 65,536
                self.sheets.append((SheetFacts(name, hidden=hidden), key))

    def _styles(self, part: str) -> list[str]:
        codes: dict[int, str] = {}
        styles: list[int] = []
        inside = False
        with self._fitting(part):
            for kind, data in self._records(part):
                if kind == FORMAT:
                    codes[struct.unpack_from("<H", data)[0]] = _wide(data, 2)
                elif kind in {XFS, XFS_END}:
                    inside = kind == XFS
                elif kind == XF and inside:
                    styles.append(struct.unpack_from("<H", data, 2)[0])
        return [codes.get(number) or built_in(number) for number in styles]

    def _shared(self) -> list[str]:
        texts: list[str] = []
        size = 0
        with self._fitting(self.shared_part):
            for kind, data in self._records(self.shared_part):
                if kind != ITEM:
                    continue
                texts.append(unescape(_wide(data, 1)))
                size += len(texts[-1])
                if len(texts[-1]) > LONGEST_CELL or size > MOST_TEXT:
                    raise too_large(self.name, say("a text of {count:n} characters", count=len(texts[-1])))
        return texts


def _split(data: bytes) -> Iterator[tuple[int, bytes]]:
    at, end = 0, len(data)
    while at < end:
        kind = data[at]
        at += 1
        if kind & 0x80:
            kind = (kind & 0x7F) | (data[at] & 0x7F) << 7
            at += 1
        size = shift = 0
        while True:
            byte = data[at]
            at += 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80 or shift == 28:
                break
        if at + size > end:
            raise EOFError(say("a record is cut"))
        yield kind, data[at : at + size]
        at += size


def _wide(data: bytes, at: int) -> str:
    """A text: the number of its UTF-16 units, then they; a number of -1 stands for none."""
    count = struct.unpack_from("<I", data, at)[0]
    if count == 0xFFFFFFFF:
        return ""
    if at + 4 + 2 * count > len(data):
        raise EOFError(say("a text is cut"))
    return data[at + 4 : at + 4 + 2 * count].decode("utf-16-le", "replace")


def _compressed(rk: int) -> str:
    """An RkNumber: 30 bits of a whole number or of a float, perhaps a hundred times too large (2.5.122)."""
    if rk & 2:
        whole = Decimal((rk >> 2) - (1 << 30 if rk & 0x80000000 else 0))
        return str(whole.scaleb(-2) if rk & 1 else whole)
    value = struct.unpack("<d", struct.pack("<Q", (rk & 0xFFFFFFFC) << 32))[0]
    return repr(value / 100 if rk & 1 else value)
