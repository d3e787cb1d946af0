"""Turn a delimited text file into a Grid: by polars where the file is well formed, else by the tolerant reader.

"Well formed" is proved, not hoped for (`wellformed`); everything else is read once by `tolerant` and spooled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from pipeline.errors import Unreadable
from pipeline.handoff import SourceFacts
from pipeline.language import later, say
from pipeline.progress import Progress
from pipeline.read import dialect as dialects
from pipeline.read import encoding as encodings
from pipeline.read import header
from pipeline.read.byhand import by_hand
from pipeline.read.encoding import Encoding
from pipeline.read.grid import HEAD_ROWS, Grid, Row
from pipeline.read.source import Source
from pipeline.read.tolerant import Dialect, Record, records, with_width
from pipeline.read.wellformed import Text, by_polars


def read(
    source: Source, told_encoding: str | None, told_delimiter: str | None, told_row: int | None, scratch: Path,
    progress: Progress,
) -> tuple[Grid, SourceFacts]:  # fmt: skip
    """The grid of a text file, and what was detected.

    Raises:
        Unreadable: it is no text, has no rows, or can be read in two ways.
    """
    progress.begin(later("reading"), None, later("rows"))
    # What begins as UTF-8 is so nearly always; whether all of it is, the look at every byte tells.
    likely = None if told_encoding else encodings.likely(source.path)
    start = _Start.of(source, likely, told_delimiter, told_row) if likely else None
    grid = by_polars(start.text, start.head, told_row, source) if start else None
    if start is None or grid is None:
        source.digest.begin()
        encoding = encodings.detect(source.path, told_encoding, source.name)
        if start is None or encoding != start.text.encoding:
            start = _Start.of(source, encoding, told_delimiter, told_row)
            grid = by_polars(start.text, start.head, told_row, source)
        grid = grid or by_hand(start.text, source.name, scratch, progress)
    progress.end()
    encoding = start.text.encoding
    notes = (*source.notes, *([encoding.note] if encoding.note else []), *start.notes)
    delimiter = start.text.dialect.delimiter or None
    return grid, SourceFacts(
        source.name, source.suffix.lstrip(".") or "csv", encoding.name, delimiter, sha256=source.sha256, notes=notes
    )


@dataclass(frozen=True)
class _Start:
    """What the beginning of a file shows: how to read it, its first rows, and what to tell the user."""

    text: Text
    head: list[Row]
    notes: tuple[str, ...]

    @staticmethod
    def of(source: Source, encoding: Encoding, told_delimiter: str | None, told_row: int | None) -> _Start:
        """Look at the first characters, read in an encoding."""
        sample = _start(encodings.blocks(source.path, encoding))
        if not sample.strip("\r\n\t \x00"):
            raise Unreadable(
                say("{name} is empty", name=source.name),
                say("Export the customer list again, and check that it has rows."),
            )
        found = dialects.detect(sample, told_delimiter, source.suffix, source.name)
        first = dialects.whole_lines(sample[found.skip :])
        head = _numbered(islice(records([first], found.dialect), HEAD_ROWS))
        width = _table_width(head, found.dialect, told_row, source.name)
        return _Start(Text(source.path, encoding, with_width(found.dialect, width), found.skip), head, found.notes)


def _start(blocks: Iterable[str]) -> str:
    text = ""
    for block in blocks:
        text += block
        if len(text) >= dialects.SAMPLE:
            break
    return text[: dialects.SAMPLE]


def _numbered(found: Iterable[Record]) -> list[Row]:
    return [
        Row(number, [cell or None for cell in record.cells])
        for number, record in enumerate(found, 1)
        if any(record.cells) and not record.comment
    ]


def _table_width(head: list[Row], dialect: Dialect, told: int | None, name: str) -> int:
    """The header decides, unless most rows go on beyond it: then they have columns without a name."""
    try:
        place = header.find(head, max(len(row.cells) for row in head), told, name) if head else None
    except Unreadable:
        place = None  # it is raised again, with the right width, once all rows are read
    row = next((r for r in head if place and r.number == place.number), None)
    if row is None:
        return max(dialect.width, max((len(r.cells) for r in head), default=1) if len(head) < 3 else 1)
    below = [r for r in head if r.number > row.number]
    own = len(row.cells)
    wider = sum(any(i >= own for i in r.filled()) for r in below)
    if wider * 2 > len(below) and told is None and own > 1 and (row.cells[-1] or "").strip():
        _refuse_moved(row.number, own, Counter(len(r.cells) for r in below).most_common(1)[0][0], name)
    return max(own, dialect.width) if wider * 2 > len(below) else own


def _refuse_moved(row: int, own: int, cells: int, name: str) -> None:
    """Cells beyond a header that ends before them: a bare decimal comma, or the names of the rows, moved the others."""
    raise Unreadable(
        say(
            "most rows of {name} have {cells} cells, but its header (row {row}) names {own} columns: "
            "which cell belongs to which column is not certain",
            name=name, cells=cells, row=row, own=own,
        ),
        say(
            "Export it again with quotation marks around cells that hold the delimiter (decimal commas, addresses); "
            "if only the last columns have no name, add --header-row {row}.",
            row=row,
        ),
    )  # fmt: skip
