"""Turn the tables of a web page into sheets of shown text, each as large as it is, whatever tags it leaves out.

A page is taken apart twice at most: once to see which tables there are and how they begin, and once more for the rows
of a table that is too long to be kept from the first time. Tables within tables are sheets of their own, and no text of
the cell that holds them: on such pages the list is the inner one.

Source: HTML Living Standard, 4.9 (tables) and 13.1.2.4 (tags that may be left out).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

from pipeline.read import encoding as encodings
from pipeline.read import webpage
from pipeline.read.book import Book, RawRow, SheetFacts, too_large
from pipeline.read.encoding import Encoding
from pipeline.read.htmlpass import PagePass
from pipeline.read.htmlrows import TableState
from pipeline.read.htmltokens import tokens

KEPT_CELLS = 1_500_000  # of all tables together
PEEK = 60  # rows of each table that are kept whatever it costs: the choice among sheets looks at them
LONGEST_NAME = 100  # characters
HREF = re.compile(
    r"<x:WorksheetSource\s+HRef\s*=\s*[\"']?([^\"'>\s/]+(?:/[^\"'>\s/]+)*)|<frame\b[^>]{0,500}?\bsrc\s*=\s*[\"']([^\"'>]{1,300}sheet\d+\.html?)",
    re.IGNORECASE,
)


class HtmlTables(Book):
    """An open web page; see `Book`. Its largest table comes first, and those that only arrange others come last."""

    def __init__(self, path: Path, name: str, encoding: str) -> None:
        """Read which tables there are."""
        self.path, self.name, self.encoding = path, name, Encoding(encoding)
        self.kept: dict[int, list[RawRow]] = {}
        page, tables = self._survey()
        listed = [t for t in tables if t.rows_seen]
        if not any(t.filled > 1 for t in listed):
            self._refuse(page)
        if page.password and not any(t.is_list for t in listed):
            raise webpage.without_table(name, page.title, page.seen, login=True)
        self._named(page, listed)
        listed.sort(key=lambda t: (t.is_layout, -t.filled))
        self.tables = {t.facts.name: t for t in listed}

    def _survey(self) -> tuple[PagePass, list[TableState]]:
        page = PagePass(self.name)
        room = KEPT_CELLS
        for table, row in self._rows(page):
            kept = self.kept.setdefault(table.index, [])
            if len(kept) == table.rows_seen - 1 and (room > 0 or len(kept) < PEEK):
                kept.append(row)
                room -= len(row.cells)
        return page, page.tables

    def _rows(self, page: PagePass) -> Iterator[tuple[TableState, RawRow]]:
        for token in tokens(encodings.blocks(self.path, self.encoding), self.name):
            page.take(token)
            if page.rows:
                yield from page.taken()
        page.close()
        yield from page.taken()

    def facts(self) -> list[SheetFacts]:
        """The tables, the likeliest first."""
        return [t.facts for t in self.tables.values()]

    def rows(self, name: str) -> Iterator[RawRow]:
        """The rows of a table."""
        table = self.tables[name]
        if table.excess:
            raise too_large(self.name, table.excess)
        kept = self.kept[table.index]
        yield from kept
        if len(kept) == table.rows_seen:
            return
        seen = 0
        for other, row in self._rows(PagePass(self.name)):
            if other.index == table.index:
                seen += 1
                if seen > len(kept):
                    yield row

    def _refuse(self, page: PagePass) -> None:
        sheet = HREF.search(next(encodings.blocks(self.path, self.encoding), ""))
        if page.frames or sheet:
            raise webpage.in_folder(self.name, unescape(sheet[1] or sheet[2]) if sheet else "")
        raise webpage.without_table(self.name, page.title, page.seen, login=page.password)

    def _named(self, page: PagePass, listed: list[TableState]) -> None:
        """Give each table the name that the page has for it, else its number."""
        outer = [t for t in listed if not t.depth]
        own = dict(zip((t.index for t in outer), page.names, strict=True)) if len(outer) == len(page.names) else {}
        used: set[str] = set()
        for table in listed:
            said = own.get(table.index) or table.caption or table.identifier
            name = " ".join(said.split())[:LONGEST_NAME] or f"Table {table.index + 1}"
            table.facts.name = name if name not in used else f"{name} (Table {table.index + 1})"
            used.add(table.facts.name)
