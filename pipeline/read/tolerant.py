"""Turn delimited text of any quality into records of cells: the reader of last resort, which loses nothing.

What RFC 4180 allows is read as it says. Where a quotation mark does not match, the reading that gives the
table's number of cells wins, no field swallows the next line unless it is quoted correctly, and the record
says what was done: "repaired" (the text is certain) or "quotes" (it is not).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import NamedTuple

MOST_CLOSES = 20  # marks that are tried as the end of a field whose quotation is wrong
LONGEST_FIELD = 1 << 20  # characters that a quoted field may span before its quote counts as unclosed
LONGEST_RECORD = 16 << 20  # characters (bytes for the proof); a photograph in a cell has less, a customer far less


class Endless(Exception):
    """A record goes on for more than LONGEST_RECORD characters."""


@dataclass(frozen=True)
class Dialect:
    """How a text file separates and quotes; `delimiter` "" means one column, `quote` "" none, `width` 0 unknown.

    With `comments`, lines that begin with "#" and have not the table's number of cells are no records. With `spaced`,
    one blank after each delimiter belongs to it.
    """

    delimiter: str = ","
    quote: str = '"'
    escape: str = ""
    width: int = 0
    comments: bool = False
    spaced: bool = False

    @cached_property
    def plain(self) -> re.Pattern[str]:
        """A field up to its delimiter or line end, quotation marks included."""
        return re.compile(rf"[^{re.escape(self.delimiter)}\r\n]*")

    @cached_property
    def quoted(self) -> tuple[re.Pattern[str], ...]:
        """A quoted field, the readings in order of preference; the text is group 1."""
        q, pad = re.escape(self.quote), self._pad
        end = rf"(?={self._delimiter_or}[\r\n]|\Z)"
        strict = re.compile(rf"{pad}{q}((?:[^{q}]|{q}{q})*+){q}{pad}{end}")
        escaped = re.compile(rf"{pad}{q}((?:[^{q}\\]|\\.|{q}{q})*+){q}{pad}{end}", re.DOTALL)
        return (escaped, strict) if self.escape else (strict, escaped)

    def regular(self, line: str) -> list[str] | None:
        """The cells of a line whose marks stand only around cells and doubled inside them; None for any other.

        All readings agree on such a line, and this one takes a tenth of the time of a look at each cell.
        """
        if not self.delimiter or self.spaced or "\\" in line or len(line) >= LONGEST_FIELD:
            return None
        whole, cell = self._regular
        if whole.fullmatch(line) is None:
            return None
        twice = self.quote * 2
        return [quoted.replace(twice, self.quote) or plain for quoted, plain in cell.findall(line)]

    @cached_property
    def _regular(self) -> tuple[re.Pattern[str], re.Pattern[str]]:
        q, d = re.escape(self.quote), re.escape(self.delimiter)
        field = rf"(?:{q}((?:[^{q}]++|{q}{q})*+){q}|([^{q}{d}]*+))"
        return re.compile(rf"{field}(?:{d}{field})*+"), re.compile(rf"(?:^|{d}){field}")

    @cached_property
    def glued(self) -> re.Pattern[str]:
        """A quotation mark within a word."""
        return re.compile(rf"\w{re.escape(self.quote)}\w")

    @cached_property
    def closes(self) -> re.Pattern[str]:
        """A quotation mark that stands where a field may end."""
        return re.compile(rf"{re.escape(self.quote)} *(?={self._delimiter_or}\Z)")

    def cells_after(self, rest: str) -> int:
        """How many cells follow in a line, if each quoted one ends at the first mark before a delimiter."""
        return 0 if not rest else len(self.lenient.findall(rest))

    @cached_property
    def lenient(self) -> re.Pattern[str]:
        """A delimiter and the cell after it, read with the least demands."""
        q, d = re.escape(self.quote), re.escape(self.delimiter)
        return re.compile(rf"{d}(?: *{q}[^\r\n]*?{q} *(?={d}|\Z)|[^{d}]*)")

    @property
    def _delimiter_or(self) -> str:
        return re.escape(self.delimiter) + "|" if self.delimiter else ""

    @property
    def _pad(self) -> str:
        return " *" if self.delimiter == "\t" else r"[ \t]*"

    @cached_property
    def opens(self) -> re.Pattern[str]:
        """The beginning of a field that is quoted, blanks before it allowed."""
        return re.compile(self._pad + re.escape(self.quote))


class Record(NamedTuple):
    """One record: its cells, what had to be decided ("", "repaired" or "quotes"), its text where so."""

    cells: list[str]
    trouble: str = ""
    text: str = ""
    ended: bool = True  # a line end follows
    comment: bool = False


def records(blocks: Iterable[str], dialect: Dialect) -> Iterator[Record]:
    """Read all records, blank lines as records of no cells, in bounded memory.

    Raises:
        Endless: the next record is too long.
    """
    buffer, at, pieces = "", 0, iter(blocks)
    more, wanted = True, 2 * LONGEST_FIELD
    while True:
        # A record is read only where the buffer surely holds its end, or there is no more text.
        while more and len(buffer) - at < wanted:
            piece = next(pieces, None)
            more = piece is not None
            buffer, at = buffer[at:] + (piece or ""), 0
        if len(buffer) - at > LONGEST_RECORD < len(_line(buffer, at)[0]):
            raise Endless
        last_end = max(buffer.rfind("\n"), buffer.rfind("\r")) + 1
        limit = min(len(buffer) - LONGEST_FIELD, last_end) if more else len(buffer)
        wanted = 2 * LONGEST_FIELD
        while at < limit:
            record, after = _record(buffer, at, dialect)
            if after - at > LONGEST_RECORD:
                raise Endless
            if more and after == len(buffer):  # its last line may go on
                limit = at
                break
            at = after
            yield record
        if more and limit <= at:  # twice as much, or the same is read again and again
            wanted = max(wanted, min(2 * (len(buffer) - at), LONGEST_RECORD + 1))
        if not more and at >= len(buffer):
            return


def _record(text: str, at: int, dialect: Dialect) -> tuple[Record, int]:
    line, after = _line(text, at)
    ended = after > at + len(line)
    if not line:
        return Record([], ended=ended), after
    if dialect.comments and line.startswith("#"):
        cells = line.split(dialect.delimiter) if dialect.delimiter else [line]
        if len(cells) != dialect.width or dialect.width == 1:
            return Record(cells, ended=ended, text=line, comment=True), after
    if not dialect.quote or dialect.quote not in line:
        cells = line.split(dialect.delimiter) if dialect.delimiter else [line]
        if dialect.spaced:
            cells[1:] = [cell.removeprefix(" ") for cell in cells[1:]]
        return Record(cells, ended=ended), after
    if (regular := dialect.regular(line)) is not None:
        return Record(regular, ended=ended), after
    best, end = _scan(text, at, dialect, several_lines=True)
    spans = end > at + len(line)
    if (best.trouble == "quotes" or spans) and dialect.width and len(best.cells) != dialect.width:
        other, other_end = _scan(text, at, dialect, several_lines=False)
        if len(other.cells) == dialect.width:
            best, end = other._replace(trouble="quotes"), other_end
    _, after = _line(text, end)
    if best.trouble:
        best = best._replace(text=text[at:end])
    return best._replace(ended=after > end), after


def _line(text: str, at: int) -> tuple[str, int]:
    """The rest of the line from `at`, and where the next one begins."""
    feed = text.find("\n", at)
    stop = feed if feed >= 0 else len(text)
    back = text.find("\r", at, stop)
    if back < 0:
        return text[at:stop], stop + 1 if feed >= 0 else stop
    return text[at:back], back + 2 if text.startswith("\r\n", back) else back + 1


def _scan(text: str, at: int, dialect: Dialect, *, several_lines: bool) -> tuple[Record, int]:
    cells: list[str] = []
    trouble = ""
    glued = False
    while True:
        if dialect.spaced and cells and text.startswith(" ", at):
            at += 1
        bare = not dialect.opens.match(text, at)
        cell, at, wrong = _field(text, at, dialect, several_lines, dialect.width - len(cells))
        cells.append(cell)
        # In `1"Rojas, Eva",2` a delimiter is missing before a quoted cell, which is no cell of its own then.
        if glued and bare and cell.rstrip().endswith(dialect.quote):
            wrong = "quotes"
        glued = glued or (bare and dialect.glued.search(cell) is not None)
        trouble = max(trouble, wrong, key=("", "repaired", "quotes").index)
        if not dialect.delimiter or not text.startswith(dialect.delimiter, at):
            return Record(cells, trouble), at
        at += len(dialect.delimiter)


def _field(text: str, at: int, dialect: Dialect, several_lines: bool, room: int) -> tuple[str, int, str]:
    """One field: its text, where it ends, and what was wrong with it; `room` is how many cells are left."""
    opening = dialect.opens.match(text, at)
    plain = dialect.plain.match(text, at)
    assert plain is not None
    if opening is None:
        return plain[0], plain.end(), ""
    quote = dialect.quote
    for reading in dialect.quoted:
        found = reading.match(text, at, at + LONGEST_FIELD)
        if found is None or (found.end() == at + LONGEST_FIELD < len(text)):
            continue
        many = "\n" in found[1] or "\r" in found[1]
        if many and (not several_lines or (reading is not dialect.quoted[0])):
            continue
        inside = found[1].replace(quote * 2, quote)
        if "\\" in inside and (dialect.escape or reading is dialect.quoted[1]):
            if reading is not dialect.quoted[0] or dialect.escape:
                inside = re.sub(rf"\\([{re.escape(quote)}\\])", r"\1", inside)
            if reading is dialect.quoted[1]:
                return inside, found.end(), "repaired"
        return inside, found.end(), ""
    return _stray(text, at, dialect, opening.end(), plain, room)


def _stray(text: str, at: int, dialect: Dialect, inside: int, plain: re.Match[str], room: int) -> tuple[str, int, str]:
    """A field that opens with a quote and does not close as it should; never beyond its own line."""
    quote = dialect.quote
    if plain[0].rstrip(" ").endswith(quote) and plain.end() > inside:
        last = at + len(plain[0].rstrip(" "))
        return text[inside : last - 1].replace(quote * 2, quote), plain.end(), "repaired"
    line, _ = _line(text, at)
    for close in islice(dialect.closes.finditer(line, inside - at), MOST_CLOSES):
        if room <= 0 or 1 + dialect.cells_after(line[close.end() :]) == room:
            return line[inside - at : close.start()], at + close.end(), "repaired"
    return plain[0], plain.end(), "quotes"


def with_width(dialect: Dialect, width: int) -> Dialect:
    """The same dialect for a table of `width` columns."""
    return replace(dialect, width=width)
