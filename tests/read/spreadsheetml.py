"""Write XML spreadsheets (Excel 2003) as the programs do that save or export them: the same cells, in several dialects."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

SPACE = "urn:schemas-microsoft-com:office:spreadsheet"
EXCEL = "urn:schemas-microsoft-com:office:excel"
HEAD = f'<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n<Workbook xmlns="{SPACE}" xmlns:x="{EXCEL}" xmlns:ss="{SPACE}" xmlns:html="http://www.w3.org/TR/REC-html40">'
Cell = tuple[object, str]
"""A value (None: blank) and its number format."""


def workbook(sheets: str, styles: str = "", more: str = "", head: str = HEAD) -> str:
    """A whole document around its sheets."""
    plain = '<Style ss:ID="Default" ss:Name="Normal"><NumberFormat/></Style>'
    return f"{head}{more}<Styles>{plain}{styles}</Styles>{sheets}</Workbook>"


def sheet(rows: str, name: str = "Lista", options: str = "") -> str:
    """A sheet around its rows."""
    return f"<Worksheet ss:Name={quoteattr(name)}><Table>{rows}</Table>{options}</Worksheet>"


def saved(rows: Sequence[Sequence[Cell]], *, old: bool = False) -> str:
    """As Excel saves a workbook: styles for number formats, no blank cells, indices behind gaps; `old`: dates from 1904."""
    codes = sorted({code for row in rows for _, code in row})
    styles = "".join(
        f'<Style ss:ID="s{i}"><NumberFormat ss:Format={quoteattr(c)}/></Style>' for i, c in enumerate(codes)
    )
    body, number = "", 0
    for r, row in enumerate(rows, 1):
        cells, column = "", 0
        for c, (value, code) in enumerate(row, 1):
            if value is None:
                continue
            place = f' ss:Index="{c}"' if c != column + 1 else ""
            cells += f'    <Cell{place} ss:StyleID="s{codes.index(code)}">{data(value, old=old)}</Cell>\r\n'
            column = c
        if cells:
            place = f' ss:Index="{r}"' if r != number + 1 else ""
            body += f"   <Row{place}>\r\n{cells}   </Row>\r\n"
            number = r
    epoch = f'<ExcelWorkbook xmlns="{EXCEL}"><Date1904/></ExcelWorkbook>' if old else ""
    return workbook(sheet(f"\r\n{body}"), styles, epoch)


def data(value: object, *, old: bool = False) -> str:
    """One value with its type."""
    if isinstance(value, bool):
        kind, text = "Boolean", str(int(value))
    elif isinstance(value, int | float):
        kind, text = "Number", repr(value)
    elif isinstance(value, dt.datetime | dt.date | dt.time):
        kind, text = "DateTime", moment(value, old=old)
    else:
        kind, text = "String", escape(str(value), {"\n": "&#10;", "\t": "&#9;", "\r": "&#13;"})
    return f'<Data ss:Type="{kind}">{text}</Data>'


def moment(value: dt.datetime | dt.date | dt.time, *, old: bool = False) -> str:
    """A date as Excel writes it, with milliseconds; a time is one of the day zero."""
    if isinstance(value, dt.time):
        value = dt.datetime.combine(dt.date(1904, 1, 1) if old else dt.date(1899, 12, 31), value)
    return value.strftime("%Y-%m-%dT%H:%M:%S.000")


def plain(rows: Sequence[Sequence[str]]) -> str:
    """As programs write it by hand: every cell a text, blank ones too, each row on a line."""
    body = "".join(
        "<Row>" + "".join(f'<Cell><Data ss:Type="String">{escape(c)}</Data></Cell>' for c in row) + "</Row>\n"
        for row in rows
    )
    return workbook(sheet(body))


def prefixed(rows: Sequence[Sequence[str]]) -> str:
    """Every element with a prefix, attributes without one, text in CDATA, no declaration."""
    body = "".join(
        "<s:Row>"
        + "".join(f'<s:Cell><s:Data Type="String"><![CDATA[{c.replace("]]>", "]]]]><![CDATA[>")}]]></s:Data></s:Cell>' for c in row)
        + "</s:Row>"
        for row in rows
    )  # fmt: skip
    return f'<s:Workbook xmlns:s="{SPACE}"><s:Worksheet s:Name="Lista"><s:Table>{body}</s:Table></s:Worksheet></s:Workbook>'


def rich(rows: Sequence[Sequence[str]]) -> str:
    """Text in tags of HTML, with comments and phonetic help beside it, which are no text of the cell."""
    note = '<Comment ss:Author="x"><ss:Data xmlns="http://www.w3.org/TR/REC-html40"><B>no cell</B></ss:Data></Comment>'
    help_ = f'<PhoneticText xmlns="{EXCEL}">help</PhoneticText>'

    def cell(text: str) -> str:
        half = len(text) // 2
        first, rest = (escape(part, {"\n": "&#10;"}) for part in (text[:half], text[half:]))
        inner = f"<B>{first}</B><Font html:Color='#FF0000'><I>{rest}</I></Font>"
        tag = '<ss:Data ss:Type="String" xmlns="http://www.w3.org/TR/REC-html40">'
        return f'<Cell>{help_}{tag}{inner}</ss:Data>{note}<NamedCell ss:Name="_FilterDatabase"/></Cell>'

    body = "".join(f"<Row>{''.join(map(cell, row))}</Row>" for row in rows)
    return workbook(sheet(body))
