"""Turn a drawn workbook and batches of text columns into a workbook whose one large sheet was never in memory.

Everything but the rows of that sheet (styles, columns, frozen panes, filter, lists, the other sheets) is drawn by a
library, twice: empty, to learn the numbers of its styles, and again when the number of rows is known. Between the two
the rows go into the file as they come, and their notes into scratch files.
"""

from __future__ import annotations

import contextlib
import io
import re
import shutil
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from pipeline.report.beside import Beside
from pipeline.report.cellxml import rows_xml
from pipeline.report.notes import Notes
from pipeline.report.packed import Package

if TYPE_CHECKING:  # a library that only a run with errors needs
    from xlsxwriter import Workbook

_PROBE = re.compile(r'<row r="2"[^>]*>(.*?)</row>')
_STYLE = re.compile(r'<c r="[A-Z]+2" s="(\d+)"/>')

Draw = Callable[["Workbook", Sequence[Any], int], Any]
"""Draws a workbook with these formats for so many rows, and gives the large sheet with its header row and no other."""


class Streamed:
    """A workbook that grows batch by batch; `count` is how many rows it has below the header."""

    def __init__(
        self, path: Path, scratch: Path, draw: Draw, looks: Sequence[Mapping[str, Any]], *, notes: bool
    ) -> None:
        """Begin the workbook; `looks` are the formats of the cells, which `write` names by their place here."""
        self.count = 0
        self._draw, self._looks = draw, looks
        self._parts, self._rows, self._styles, self._head = self._skeleton(0)
        self.notes = Notes(scratch, path.name) if notes else None
        self._package = Package(path)
        self._package.put("[Content_Types].xml", self._parts["[Content_Types].xml"])
        self._sheet = self._package.part(self._rows)
        self._sheet.write(self._head)
        self._packing = Beside(self._sheet.write)  # what is compressed takes as long as the making of the next piece

    def write(
        self, cells: pl.DataFrame, looks: Sequence[int], marks: Mapping[int, pl.Series], lines: pl.Series | None = None
    ) -> None:
        """Append rows, all columns text; `looks` by column, `marks` (Int32) overrule them cell by cell where not null.

        `lines` is how many lines of text each row is tall.
        """
        styles = [self._styles[look] for look in looks]
        numbers = pl.Series(self._styles, dtype=pl.Int32)
        numbered = {at: numbers.gather(mark) for at, mark in marks.items() if mark.null_count() < len(mark)}
        for xml in rows_xml(cells.get_columns(), styles, numbered, self.count + 2, lines):
            self._packing.take(xml)
        self.count += cells.height

    def finish(self) -> None:
        """Complete the file."""
        parts, rows, styles, head = self._skeleton(self.count)
        assert (rows, styles, head, parts["[Content_Types].xml"]) == (
            self._rows, self._styles, self._head, self._parts["[Content_Types].xml"],
        ), "the second drawing differs"  # fmt: skip
        self._packing.settle()
        self._packing.close()
        self._sheet.write(parts.pop(rows).partition(b"</sheetData>")[1] + self._tail)
        self._sheet.close()
        del parts["[Content_Types].xml"]
        for name, content in parts.items():
            noted = self.notes.parts() if self.notes and name.startswith(("xl/comments", "xl/drawings/vml")) else None
            if noted:
                before, middle, after = noted[0 if name.startswith("xl/comments") else 1]
                with self._package.part(name) as entry:
                    entry.write(before)
                    shutil.copyfileobj(middle, entry, 1 << 20)
                    entry.write(after)
            else:
                self._package.put(name, content)
        self._package.close()
        if self.notes:
            self.notes.close()

    def abandon(self) -> None:
        """Let go of a workbook that will not be completed; harmless after `finish`."""
        self._packing.close()
        for opened in (self._sheet, self._package, self.notes):
            if opened:
                with contextlib.suppress(OSError, ValueError):  # why it is abandoned is told already
                    opened.close()

    def _skeleton(self, rows: int) -> tuple[dict[str, bytes], str, list[int], bytes]:
        """The parts of the drawn workbook, the large sheet's part, the numbers of its styles, and what is before its rows."""
        made = io.BytesIO()
        from xlsxwriter import Workbook

        book = Workbook(made, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
                               "strings_to_numbers": False})  # fmt: skip
        looks = [book.add_format(dict(look)) for look in self._looks]
        for look in looks:
            look._get_xf_index()  # styles are numbered by their first use: these must not depend on the other sheets
        sheet = self._draw(book, looks, rows)
        for column, look in enumerate(looks):
            sheet.write_blank(1, column, None, look)
        book.close()
        with zipfile.ZipFile(made) as drawn:
            parts = {name: drawn.read(name) for name in drawn.namelist()}
        name = f"xl/worksheets/sheet{sheet.index + 1}.xml"
        text = re.sub(r"<dimension [^>]*/>", "", parts[name].decode(), count=1)
        probe = _PROBE.search(text)
        assert probe is not None, "the drawing has no second row"
        self._tail = text[text.index("</sheetData>") + len("</sheetData>") :].encode()
        return parts, name, [int(n) for n in _STYLE.findall(probe[1])], text[: probe.start()].encode()
