"""Turn faulty cells and their messages into the two parts of a workbook that hold its cell notes.

A note is a text (`commentN.xml`) and a box (`vmlDrawingN.vml`), which a spreadsheet program shows when the pointer is
over the cell. Source: ECMA-376 part 1, 18.7, and part 4, 19 (the boxes are VML to this day).
"""

from __future__ import annotations

from pathlib import Path
from typing import IO

import polars as pl

from pipeline.spreadsheet import letters

LONGEST = 1_000
LINE = 46  # characters of a note's line, in the box below
IDS = 1024  # shapes to a block of ids

TEXTS = (
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<comments xmlns="http://schemas.openxmlformats.org/spreadsheetml/'
    b'2006/main"><authors><author></author></authors><commentList>',
    b"</commentList></comments>",
)
SHAPES = (
    '<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"'
    ' xmlns:x="urn:schemas-microsoft-com:office:excel"><o:shapelayout v:ext="edit"><o:idmap v:ext="edit" data="{blocks}"/>'
    '</o:shapelayout><v:shapetype id="_x0000_t202" coordsize="21600,21600" o:spt="202" path="m,l,21600r21600,l21600,xe">'
    '<v:stroke joinstyle="miter"/><v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>',
    "</xml>",
)
_BOX = (
    '" type="#_x0000_t202" style="position:absolute;width:260pt;height:90pt;visibility:hidden" fillcolor="#ffffe1"'
    ' o:insetmode="auto"><v:fill color2="#ffffe1"/><v:path o:connecttype="none"/><v:textbox'
    ' style="mso-direction-alt:auto"><div style="text-align:left"/></v:textbox>'
    '<x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/><x:Anchor>'
)


class Notes:
    """Notes that grow batch by batch, in two scratch files; `count` is how many there are."""

    def __init__(self, scratch: Path, name: str) -> None:
        """Begin without a note."""
        self.count = 0
        self._texts: IO[bytes] = (scratch / f".{name}.texts").open("w+b")
        self._shapes: IO[bytes] = (scratch / f".{name}.shapes").open("w+b")

    def add(self, notes: pl.DataFrame) -> None:
        """Append notes: `line` (UInt32, as a spreadsheet shows it), `place` (column from 0) and `note` (String)."""
        if notes.is_empty():
            return
        names = pl.Series([letters(at) for at in range(int(notes["place"].max()) + 1)])  # type: ignore[arg-type]
        shown = notes.select(
            "line",
            "place",
            names.gather(notes["place"]).alias("letters"),
            _clean(pl.col("note")).alias("note"),
            (pl.int_range(pl.len()) + self.count).alias("n"),
            (
                pl.col("note").str.len_chars().clip(0, LONGEST) // LINE + pl.col("note").str.count_matches("\n") + 2
            ).alias("tall"),
        )
        self._texts.write(_bytes(shown, _text()))
        self._shapes.write(_bytes(shown, _shape()))
        self.count += shown.height

    def parts(self) -> tuple[tuple[bytes, IO[bytes], bytes], tuple[bytes, IO[bytes], bytes]]:
        """Texts and boxes, each as beginning, middle and end of its part."""
        blocks = ",".join(str(n + 1) for n in range(max(1, -(-(self.count + 1) // IDS))))
        for file in (self._texts, self._shapes):
            file.flush()
            file.seek(0)
        return (TEXTS[0], self._texts, TEXTS[1]), (
            SHAPES[0].format(blocks=blocks).encode(),
            self._shapes,
            SHAPES[1].encode(),
        )

    def close(self) -> None:
        """Let go of the scratch files."""
        self._texts.close()
        self._shapes.close()


def _bytes(notes: pl.DataFrame, each: pl.Expr) -> bytes:
    """What is made of each note, one after the other, in UTF-8."""
    return bytes(notes.select(each.str.join("").cast(pl.Binary)).item())


def _clean(note: pl.Expr) -> pl.Expr:
    """A note of bounded length without what XML cannot hold: it is our message, the cell has the value itself."""
    short = (
        pl.when(note.str.len_chars() > LONGEST)
        .then(pl.concat_str(note.str.head(LONGEST - 1), pl.lit("…")))
        .otherwise(note)
    )
    plain = short.str.replace_all(r"\r\n?", "\n").str.replace_all(r"[\x00-\x08\x0b-\x1f\x{fffe}\x{ffff}]", "�")
    plain = plain.str.replace_all(r"_(x[0-9A-Fa-f]{4}_)", "_x005F_$1")
    for sign, word in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        plain = plain.str.replace_all(sign, word, literal=True)
    return plain


def _text() -> pl.Expr:
    head = '" authorId="0"><text><r><rPr><sz val="9"/><color indexed="81"/><rFont val="Tahoma"/><family val="2"/></rPr>'
    return pl.concat_str(
        [pl.lit('<comment ref="'), pl.col("letters"), pl.col("line").cast(pl.String), pl.lit(f'{head}<t xml:space="preserve">'),
         pl.col("note"), pl.lit("</t></r></text></comment>")]
    )  # fmt: skip


def _shape() -> pl.Expr:
    """The box beside its cell: from the next column over the three after it, as many rows as the text has lines."""
    row, column = pl.col("line").cast(pl.Int64) - 1, pl.col("place").cast(pl.Int64)
    top = pl.max_horizontal(row - 1, pl.lit(0))
    anchor = [column + 1, 15, top, 10, column + 4, 15, top + pl.col("tall"), 4]
    numbers = pl.concat_str([n if isinstance(n, pl.Expr) else pl.lit(n) for n in anchor], separator=", ")
    return pl.concat_str(
        [pl.lit('<v:shape id="_x0000_s'), pl.col("n") + IDS + 1, pl.lit(_BOX), numbers,
         pl.lit("</x:Anchor><x:AutoFill>False</x:AutoFill><x:Row>"), row, pl.lit("</x:Row><x:Column>"), column,
         pl.lit("</x:Column></x:ClientData></v:shape>")]
    )  # fmt: skip
