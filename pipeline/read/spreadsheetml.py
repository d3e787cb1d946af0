"""Turn an XML spreadsheet of Excel 2002 and 2003 into rows of shown text, whatever its name says (.xml, mostly .xls).

It is one XML document: styles first, then the sheets. Cells have kinds, and numbers have the formats of their styles,
as in a workbook; a style that a cell does not name is that of its row, its column or its table.

Source: Microsoft, XML Spreadsheet Reference (Excel 2002).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.parsers import expat

from pipeline.language import say
from pipeline.read import encoding as encodings
from pipeline.read import markup
from pipeline.read.book import Book, RawRow, SheetFacts, damaged
from pipeline.read.encoding import Encoding
from pipeline.read.formats import Formats
from pipeline.read.moments import Moments
from pipeline.read.spreadsheetrows import WORKSHEET, TablePass, named, short

CUT = frozenset({
    expat.errors.codes[text]
    for text in (expat.errors.XML_ERROR_NO_ELEMENTS, expat.errors.XML_ERROR_UNCLOSED_TOKEN,
                 expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION, expat.errors.XML_ERROR_PARTIAL_CHAR)
})  # fmt: skip
HIDDEN = frozenset({"SheetHidden", "SheetVeryHidden"})
NAMED = {
    "": "General", "General Number": "General", "General Date": "yyyy-mm-dd h:mm:ss", "Long Date": "yyyy-mm-dd",
    "Medium Date": "yyyy-mm-dd", "Short Date": "yyyy-mm-dd", "Long Time": "h:mm:ss", "Medium Time": "h:mm",
    "Short Time": "h:mm", "Currency": "#,##0.00", "Euro Currency": "#,##0.00", "Fixed": "0.00", "Standard": "#,##0.00",
    "Percent": "0.00%", "Scientific": "0.00E+00", "Yes/No": "General", "True/False": "General", "On/Off": "General",
}  # fmt: skip
"""Formats that have names of their own."""


class XmlSpreadsheet(Book):
    """An open XML spreadsheet; see `Book`."""

    def __init__(self, path: Path, name: str, encoding: str) -> None:
        """Read which sheets and styles there are."""
        self.path, self.name, self.encoding = path, name, Encoding(encoding)
        survey = _Survey()
        for _ in self._feed(survey.start, survey.end, survey.data):
            pass
        self.sheets = survey.sheets
        for place, facts in enumerate(self.sheets):
            if any(facts.name == other.name for other in self.sheets[:place]):
                facts.name += f" ({place + 1})"
        codes = {style: survey.code(style) for style in survey.styles}
        self.styles = {style: place for place, style in enumerate(codes, 1)}
        self.moments = Moments(Formats(("General", *codes.values()), survey.epoch_1904))

    def facts(self) -> list[SheetFacts]:
        """The worksheets in their order."""
        return self.sheets

    def rows(self, name: str) -> Iterator[RawRow]:
        """The rows of a sheet."""
        place = next(i for i, facts in enumerate(self.sheets) if facts.name == name)
        facts = self.sheets[place]
        pass_ = TablePass(place, self.moments, self.styles, self.name)
        for _ in self._feed(pass_.start, pass_.end, pass_.data):
            yield from pass_.taken()
            if pass_.over:
                break
        facts.hidden_rows, facts.hidden_columns, facts.merged = pass_.hidden, pass_.hidden_columns, pass_.merged

    def _feed(self, start: markup.Start, end: markup.End, data: markup.Data) -> Iterator[None]:
        try:
            # What stands before the declaration, blank lines mostly, a parser would refuse.
            yield from markup.parse(_begun(encodings.blocks(self.path, self.encoding)),
                                    markup.parser(self.name, start, end, data))  # fmt: skip
        except expat.ExpatError as error:
            if error.code in CUT:
                raise damaged(self.name, say("it is cut, its end is missing")) from error
            why = say("its XML has a fault in line {line:n}", line=error.lineno)
            raise damaged(self.name, f"{why} ({expat.ErrorString(error.code)})") from error


def _begun(blocks: Iterator[str]) -> Iterator[str]:
    """The text from its first character on."""
    begun = False
    for block in blocks:
        text = block if begun else block.lstrip("\ufeff\0 \t\r\n")
        begun = begun or bool(text)
        if text:
            yield text


class _Survey:
    """The handlers that see which sheets and styles there are."""

    def __init__(self) -> None:
        self.sheets: list[SheetFacts] = []
        self.styles: dict[str, tuple[str | None, str]] = {}  # identifier -> its own format, and its parent
        self.epoch_1904 = False
        self.depth = 0
        self.pieces: list[str] | None = None
        self.style = ""

    def start(self, tag: str, given: dict[str, str]) -> None:
        local = short(tag)
        self.depth += 1
        if local in ("Cell", "Data", "Row"):
            return
        if local == "Worksheet" and self.depth == WORKSHEET + 1:
            self.sheets.append(SheetFacts(named(given).get("Name", "") or f"Sheet{len(self.sheets) + 1}"))
        elif local == "Style":
            known = named(given)
            self.style = known.get("ID", "")
            self.styles[self.style] = None, known.get("Parent", "Default")
        elif local == "NumberFormat" and self.style:
            self.styles[self.style] = named(given).get("Format", ""), self.styles[self.style][1]
        elif local == "Visible":
            self.pieces = []
        elif local == "Date1904":
            self.epoch_1904 = True

    def data(self, text: str) -> None:
        if self.pieces is not None:
            self.pieces.append(text)

    def end(self, tag: str) -> None:
        self.depth -= 1
        if self.style and short(tag) == "Style":
            self.style = ""
        elif self.pieces is not None and short(tag) == "Visible":
            if self.sheets and "".join(self.pieces).strip() in HIDDEN:
                self.sheets[-1].hidden = True
            self.pieces = None

    def code(self, style: str) -> str:
        """The number format of a style: its own, or that of the nearest of those that it is based on."""
        seen: set[str] = set()
        while style in self.styles and style not in seen:
            seen.add(style)
            code, parent = self.styles[style]
            if code is not None:
                return NAMED.get(code, code)
            style = parent
        return "General"
