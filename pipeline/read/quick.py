"""Turn a sheet's XML into wide frames of shown text, many rows at a time: the fast twin of `ooxml.SheetPass`.

Most programs write cells in a handful of shapes. One regular expression (in Rust, over a piece of a few
megabytes) takes those apart; a piece with any other shape is read by the parser instead, and a sheet with
comments, CDATA, declarations or another encoding is not read here at all. A test holds both to the same cells.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import IO, NamedTuple

import polars as pl

from pipeline.read.book import RawRow, SheetFacts, damaged, too_large
from pipeline.read.formats import Formats
from pipeline.read.grid import PROBLEM_SCHEMA, columns
from pipeline.read.sheetxml import LAST_ROW

PIECE = 4 << 20  # bytes of XML
LONGEST_ROW = 64 << 20  # bytes of XML
LETTERS = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'", "&amp;": "&"}
CELL = (
    r'^r="(?P<letters>[A-Z]{1,3})[0-9]+"(?: s="(?P<s1>[0-9]{1,6})")?(?: t="(?P<kind>[A-Za-z]+)")?'
    r'(?: s="(?P<s2>[0-9]{1,6})")?(?P<end> ?/>|>(?P<formula><f(?:>[^<]*</f>| [^<>]*/>| [^<>]*[^/<>]>[^<]*</f>))?'
    r'(?:(?P<v><v>)(?P<value>[^<]*)</v>|<is><t(?: xml:space="preserve")?>(?P<inline>[^<]*)</t></is>|<v ?/>)?</c>)'
    r"\s*(?:</row>\s*)?$"
)
WHOLE = r"^(?:0|-?[1-9][0-9]{0,14})$"
DECIMAL = r"^-?(?:0|[1-9][0-9]{0,8})\.[0-9]{0,5}[1-9]$"  # at most 15 digits, no zero at the end
KINDS = ("s", "n", "str", "b", "e", "inlineStr")


TEXT = r'^(?:\s*<t(?: xml:space="preserve")?>(?P<text>[^<]*)</t>|\s*(?P<empty><t ?/>))\s*</si>\s*(?:</sst>\s*)?$'


class Irregular(Exception):
    """The sheet cannot be read in pieces; the parser has to read it from its start."""


class Piece(NamedTuple):
    """Rows as a frame (`row`, `c0` ...), without blank ones, and their problems (PROBLEM_SCHEMA)."""

    cells: pl.DataFrame
    problems: pl.DataFrame


Slow = Callable[[bytes], list[RawRow]]


def shared_texts(part: bytes) -> pl.Series | None:
    """The shared texts of a workbook, or None where some are not written as usual (rich text, entities)."""
    start = part.find(b"<si>")
    if start < 0 or b"<!" in part or re.match(rb"[^>]*encoding=[\"'](?!utf-8)", part, re.IGNORECASE):
        return None
    try:
        text = part[start:].decode("utf-8")
    except UnicodeDecodeError:
        return None
    if "&#" in text or "_x" in text or "\r" in text:
        return None
    items = pl.Series("text", [text]).str.split("<si>").explode(empty_as_null=True).slice(1)
    if not text.rstrip().endswith("</sst>") or not items.str.contains(TEXT).all():
        return None
    return items.str.extract(TEXT).fill_null("").str.replace_many(LETTERS)


class QuickSheet:
    """Reads one sheet; `slow` reads the rows of an irregular piece."""

    def __init__(self, shared: pl.Series, formats: Formats, name: str, slow: Slow, longest: int) -> None:
        """Take what all sheets of a workbook share; `longest` is the most characters of a cell."""
        self.shared, self.formats, self.name, self.slow, self.longest = shared, formats, name, slow, longest
        self.last = 0

    def pieces(self, stream: IO[bytes], facts: SheetFacts) -> Iterator[Piece]:
        """All rows, in order.

        Raises:
            Irregular: before or amid the rows; what was read so far is void.
        """
        rest = self._prelude(stream, facts)
        while True:
            block = stream.read(PIECE)
            rest += block
            if b"<!" in rest or len(rest) > LONGEST_ROW:
                raise Irregular
            done = rest.find(b"</sheetData>")
            cut = done if done >= 0 else rest.rfind(b"</row>") + 6
            if cut > 5:
                piece, rest = rest[:cut], rest[cut:]
                facts.hidden_rows += len(re.findall(rb'<row [^>]*hidden="(?:1|true)"', piece))
                yield self._piece(piece)
            if done >= 0:
                break
            if not block:
                raise Irregular
        # What follows the rows is small; an end that is cut is for the parser to report.
        tail = rest + stream.read(LONGEST_ROW)
        if not tail.rstrip().endswith(b"</worksheet>"):
            raise Irregular
        facts.merged = tail.count(b"<mergeCell ")

    def _prelude(self, stream: IO[bytes], facts: SheetFacts) -> bytes:
        head = stream.read(PIECE)
        start = head.find(b"<sheetData>")
        told = re.match(rb"""(?:\xef\xbb\xbf)?<\?xml[^>]*?encoding=["']([^"']*)""", head)
        if start < 0 or b"<!" in head or (told and told[1].lower() not in {b"utf-8", b"us-ascii"}):
            raise Irregular
        facts.hidden_columns = len(re.findall(rb'<col [^>]*hidden="(?:1|true)"', head[:start]))
        return head[start + len(b"<sheetData>") :]

    def _piece(self, piece: bytes) -> Piece:
        cells = self._cells(piece)
        if cells is None:
            return self._slowly(piece)
        cells = self._texts(cells)
        if cells.select((pl.col("text").str.len_chars() > self.longest).any()).item():
            raise too_large(self.name, f"a cell of more than {self.longest:,} characters")
        cells = cells.filter(pl.col("text").is_not_null() | pl.col("code").is_not_null())
        problems = cells.filter(pl.col("code").is_not_null()).select(
            "row", pl.col("col").cast(pl.UInt32), "code", pl.col("text").alias("value"),
            pl.lit(None, dtype=pl.String).alias("detail"),
        )  # fmt: skip
        return Piece(_wide(cells), problems)

    def _cells(self, piece: bytes) -> pl.DataFrame | None:
        """One line per cell: row, col, kind, style, value, inline, formula; None if some shape is not known."""
        try:
            text = piece.decode("utf-8")
        except UnicodeDecodeError:
            raise Irregular from None
        if "&#" in text or "\r" in text or "_x" in text:
            return None
        lines = pl.Series("line", [text]).str.split("<row ").explode(empty_as_null=True).slice(1).to_frame()
        rows = lines.select(
            pl.col("line").str.extract(r'^r="([0-9]{1,8})"').cast(pl.UInt32, strict=False).alias("row"),
            pl.col("line").str.split("<c ").alias("cell"),
        )
        numbers = rows["row"]
        if numbers.null_count() or (rows.height and not _rises(numbers, self.last)):
            return None
        parts = rows.explode("cell", empty_as_null=True)
        # Row numbers rise, so the opening tag of a row is where the number changes.
        changes = (pl.col("row") != pl.col("row").shift()).fill_null(True)
        parts = parts.with_columns(changes.alias("first"))
        openings = parts.filter("first")["cell"].str.contains(r"^[^<>]*(?:>|/>)\s*(?:</row>\s*)?$")
        parts = parts.filter(~pl.col("first"))
        found = parts.select("row", pl.col("cell").str.extract_groups(CELL).alias("got")).unnest("got")
        kinds = found["kind"].drop_nulls().unique().to_list()
        if found["end"].null_count() or not openings.all() or any(kind not in KINDS for kind in kinds):
            return None
        self.last = int(numbers[-1]) if rows.height else self.last
        return found.with_columns(
            _column_numbers(found["letters"]).alias("col"),
            pl.coalesce("s1", "s2").cast(pl.UInt32).fill_null(0).alias("style"),
            pl.col("kind").fill_null("n"),
        )

    def _texts(self, cells: pl.DataFrame) -> pl.DataFrame:
        """Add `text` (what is shown, null where nothing is) and `code` (the problem, if any)."""
        kind, value, inline = pl.col("kind"), pl.col("value"), pl.col("inline")
        given = value.str.replace_many(LETTERS)
        numbers = self._numbers(cells)
        cells = cells.with_columns(self._of_shared(cells), numbers["shown"], numbers["lost"])
        text = (
            pl.when(kind == "s").then(pl.col("from_shared"))
            .when(kind == "n").then(pl.coalesce("shown", inline.str.replace_many(LETTERS)))
            .when(kind == "b").then(value.replace({"1": "TRUE", "0": "FALSE", "true": "TRUE", "false": "FALSE"}))
            .otherwise(pl.coalesce(given, inline.str.replace_many(LETTERS)))
        )  # fmt: skip
        empty = (value.fill_null("") == "") & (inline.fill_null("") == "")
        uncomputed = pl.col("formula").is_not_null() & empty & ~((kind == "str") & pl.col("v").is_not_null())
        code = (
            pl.when(uncomputed).then(pl.lit("cell.formula_without_value"))
            .when((kind == "e") & (value.fill_null("") != "")).then(pl.lit("cell.spreadsheet_error"))
            .when(pl.col("lost").fill_null(False)).then(pl.lit("cell.precision_lost"))
        )  # fmt: skip
        return cells.with_columns(pl.when(text != "").then(text).alias("text"), code.alias("code"))

    def _of_shared(self, cells: pl.DataFrame) -> pl.Series:
        shared = pl.col("kind") == "s"
        at = cells.select(pl.when(shared & (pl.col("value") != "")).then(pl.col("value")).alias("at"))["at"]
        index = at.cast(pl.UInt32, strict=False)
        outside = (index >= self.shared.len()).any()
        if outside or index.null_count() != at.null_count():
            raise damaged(self.name, "cells refer to texts that are not in the file")
        if not self.shared.len():
            return pl.repeat(None, cells.height, dtype=pl.String, eager=True).alias("from_shared")
        return self.shared.gather(index).alias("from_shared")

    def _numbers(self, cells: pl.DataFrame) -> pl.DataFrame:
        """`shown` and `lost` of numeric cells; only doubtful ones are looked at one by one, once each."""
        plain = [i for i in range(len(self.formats.codes)) if self.formats.is_general(i)]
        padded = {i: self.formats.zeros(i) for i in range(len(self.formats.codes)) if self.formats.zeros(i)}
        zeros = pl.col("style").replace_strict(padded, default=0, return_dtype=pl.UInt32) if padded else pl.lit(0)
        simple = pl.col("style").is_in(plain) | (pl.col("style") >= len(self.formats.codes))
        value = pl.col("value")
        number = (pl.col("kind") == "n") & (value.fill_null("") != "")
        filled = (zeros > 0) & value.str.contains(WHOLE) & ~value.str.starts_with("-")
        sure = (simple & (value.str.contains(WHOLE) | value.str.contains(DECIMAL))) | filled
        marked = cells.select(
            pl.when(number & filled).then(value.str.zfill(zeros)).when(number & sure).then(value).alias("sure"),
            pl.when(number & ~sure).then(value).alias("value"),
            "style",
        )
        doubtful = marked.filter(pl.col("value").is_not_null()).select("value", "style").unique()
        shown = [self.formats.show(v, s) for v, s in doubtful.iter_rows()]
        answers = doubtful.with_columns(
            pl.Series("shown", [text for text, _ in shown], dtype=pl.String),
            pl.Series("lost", [lost for _, lost in shown], dtype=pl.Boolean),
        )
        joined = marked.join(answers, on=["value", "style"], how="left", maintain_order="left")
        return joined.select(pl.coalesce("sure", "shown").alias("shown"), "lost")

    def _slowly(self, piece: bytes) -> Piece:
        rows = self.slow(piece)
        if rows:
            self.last = rows[-1].number
        problems = [(row.number, *problem, None) for row in rows for problem in row.problems]
        width = 1 + max((max(row.cells, default=-1) for row in rows), default=-1)
        width = max(width, 1 + max((p[1] for p in problems), default=-1))
        cells = {"row": pl.Series([row.number for row in rows], dtype=pl.UInt32)} | {
            name: pl.Series([row.cells.get(i) for row in rows], dtype=pl.String)
            for i, name in enumerate(columns(width))
        }
        return Piece(pl.DataFrame(cells), pl.DataFrame(problems, schema=PROBLEM_SCHEMA, orient="row"))


def _rises(numbers: pl.Series, last: int) -> bool:
    steps = numbers.cast(pl.Int64).diff().drop_nulls()
    return int(numbers[0]) > last and int(numbers[-1]) < LAST_ROW and bool((steps > 0).all())


def _column_numbers(letters: pl.Series) -> pl.Series:
    def number(name: str) -> int:
        total = 0
        for letter in name:
            total = total * 26 + ord(letter) - 64
        return total - 1

    known = letters.unique().drop_nulls().to_list()
    return letters.replace_strict(known, [number(name) for name in known], default=None, return_dtype=pl.UInt32)


def _wide(cells: pl.DataFrame) -> pl.DataFrame:
    """From one line per cell to one line per row; of two cells in one place the later counts, as elsewhere."""
    if cells.is_empty():
        return pl.DataFrame(schema={"row": pl.UInt32})
    width = int(cells["col"].max()) + 1  # type: ignore[arg-type]
    rows = cells["row"].unique(maintain_order=True)
    at = pl.DataFrame({"row": rows, "base": pl.int_range(rows.len(), dtype=pl.UInt32, eager=True) * width})
    placed = cells.join(at, on="row", how="left", maintain_order="left").select(
        (pl.col("base") + pl.col("col")).cast(pl.UInt32).alias("place"), "text"
    )
    if placed["place"].n_unique() != placed.height:
        placed = placed.unique("place", keep="last", maintain_order=True)
    places = pl.DataFrame({"place": pl.int_range(rows.len() * width, dtype=pl.UInt32, eager=True)})
    flat = places.join(placed, on="place", how="left", maintain_order="left")["text"]
    return pl.DataFrame([rows, *(flat.gather_every(width, i).alias(name) for i, name in enumerate(columns(width)))])
