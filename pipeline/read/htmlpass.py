"""Turn the tags and texts of a web page into the rows of its tables, and into what else tells what kind of page it is."""

from __future__ import annotations

import re

from pipeline.language import say
from pipeline.read.book import RawRow, SheetFacts, too_large
from pipeline.read.htmlcell import CAPTION, UNSHOWN, VOID, Content, Within
from pipeline.read.htmlrows import TableState
from pipeline.read.htmltext import Styles, hides, kept
from pipeline.read.htmltokens import Token, attributes, characters

DEEPEST = 100  # tables within tables
MOST_TABLES = 100_000
SEEN = 300  # characters of a page that are kept to tell what it is
TABULAR = frozenset(["table", "thead", "tbody", "tfoot", "tr", "td", "th", "caption", "col", "colgroup"])
MAY_NOT_END = frozenset({"p", "li", "body", "html"})
SECTIONS = frozenset({"thead", "tbody", "tfoot"})
NAME = re.compile(r"<x:Name>([^<]{1,200})</x:Name>", re.IGNORECASE)
EPOCH = re.compile(r"<x:Date1904\s*/?>", re.IGNORECASE)


class PagePass:
    """Takes the tokens of a page one by one."""

    def __init__(self, name: str) -> None:
        """`name` is the file's, for messages."""
        self.name = name
        self.tables: list[TableState] = []
        self.open: list[TableState] = []
        self.rows: list[tuple[TableState, RawRow]] = []
        self.styles = Styles()
        self.names: list[str] = []
        self.title = self.seen = ""
        self.password = self.frames = self.epoch_1904 = False
        self.last = ""  # the tag that has begun last
        self.unshown: Within | None = None  # outside of tables

    def taken(self) -> list[tuple[TableState, RawRow]]:
        """The rows finished since the last call, and their tables."""
        rows, self.rows = self.rows, []
        return rows

    def _took(self, table: TableState) -> None:
        """Hand over what rows of a table are finished."""
        if table.finished:
            self.rows += [(table, row) for row in table.finished]
            table.finished.clear()

    def take(self, token: Token) -> None:
        """The next token."""
        kind, name, text = token
        if kind == "text":
            self._text(name, text)
        elif kind == "start":
            self.last = name
            self._start(name, text)
        elif kind == "end":
            self._end(name)
        else:
            self._workbook(text)

    def close(self) -> None:
        """There are no more tokens."""
        for table in self.open:
            table.facts.unended = True
        while self.open:
            self._end_table()

    def _workbook(self, text: str) -> None:
        """What Excel says of the workbook, to itself alone."""
        if "x:" in text.lower():
            self.names += [characters(name) for name in NAME.findall(text)][: 1000 - len(self.names)]
            self.epoch_1904 = self.epoch_1904 or EPOCH.search(text) is not None

    def _text(self, raw: str, text: str) -> None:
        if raw == "style":
            self.styles.add(text)
        elif raw == "title":
            self.title = self.title or characters(text)[:SEEN]
        elif raw == "script":
            pass
        elif self.open and self.open[-1].content.into:
            content = self.open[-1].content
            content.text(text)
            if content.is_shown:
                self._see(text)
        elif self.last == "x:name" and text.strip():
            self.names.append(characters(text))
            self.last = ""
        elif not self.unshown:
            self._see(text)

    def _see(self, text: str) -> None:
        if len(self.seen) < SEEN:
            self.seen += characters(text[:SEEN]) + " "

    def _start(self, tag: str, text: str) -> None:
        if tag in TABULAR:
            self._tabular(tag, attributes(text) if text else {})
            return
        table = self.open[-1] if self.open else None
        if tag == "input":
            self._input(table, attributes(text))
        elif tag in ("frameset", "iframe"):
            self.frames = self.frames or tag == "frameset"
        elif table is not None and table.content.into:
            table.content.start_tag(tag, text)
        elif table is None:
            self._outside(tag, text)

    def _outside(self, tag: str, text: str) -> None:
        """An element begins outside of all tables; what it hides is no table that a person sees."""
        if self.unshown:
            self.unshown = self.unshown.begun(tag)
        elif tag not in VOID and tag not in MAY_NOT_END and not text.endswith("/") and self._is_unshown(tag, text):
            self.unshown = Within(tag, 1, False)

    def _is_unshown(self, tag: str, text: str) -> bool:
        return tag in UNSHOWN or (bool(text) and hides(self.styles.of(attributes(text))))

    def _input(self, table: TableState | None, given: dict[str, str]) -> None:
        kind = given.get("type", "text").casefold()
        self.password = self.password or kind == "password"
        written = kind in ("text", "email", "tel", "number", "date", "url")
        if written and table is not None and table.content.into and table.content.is_shown:
            table.content.put(kept(given.get("value", "")))

    def _end(self, tag: str) -> None:
        table = self.open[-1] if self.open else None
        if tag in TABULAR:
            if table is not None:
                self._end_tabular(table, tag)
        elif table is None:
            self.unshown = self.unshown.ended(tag) if self.unshown else None
        elif table.content.into:
            table.content.end_tag(tag)

    def _end_tabular(self, table: TableState, tag: str) -> None:
        if tag == "table":
            self._end_table()
        elif tag == "caption" or tag in ("td", "th"):
            table.end_cell(self.epoch_1904)
        elif tag == "tr":
            self._end_row(table)
        elif tag in SECTIONS:
            self._end_row(table)
            table.begin_section("", hidden=False)

    def _tabular(self, tag: str, given: dict[str, str]) -> None:
        if tag == "table":
            self._begin_table(given)
            return
        if not self.open:
            if tag not in ("tr", "td", "th"):
                return
            self._begin_table({})
        table = self.open[-1]
        if tag in ("td", "th"):
            table.begin_cell(given, self.epoch_1904)
        elif tag == "tr":
            self._end_row(table)
            table.begin_row(hidden=self._is_hidden(given))
        elif tag in SECTIONS:
            self._end_row(table)
            table.begin_section(tag, hidden=self._is_hidden(given))
        elif tag == "caption":
            table.end_cell(self.epoch_1904)
            table.content.begin(CAPTION, {})
        elif tag == "col" and self._is_hidden(given):
            table.facts.hidden_columns += 1

    def _is_hidden(self, given: dict[str, str]) -> bool:
        return bool(given) and hides(self.styles.of(given))

    def _begin_table(self, given: dict[str, str]) -> None:
        if len(self.open) >= DEEPEST:
            raise too_large(self.name, say("more than {count:n} tables within each other", count=DEEPEST))
        if len(self.tables) >= MOST_TABLES:
            raise too_large(self.name, say("more than {count:n} tables", count=MOST_TABLES))
        hidden = self._is_hidden(given) or (not self.open[-1].content.is_shown if self.open else bool(self.unshown))
        facts = SheetFacts("", hidden)
        table = TableState(len(self.tables), len(self.open), facts, Content(self.styles, facts), given.get("id", ""))
        self.tables.append(table)
        self.open.append(table)

    def _end_table(self) -> None:
        table = self.open[-1]
        table.end(self.name, self.epoch_1904)
        self._took(table)
        self.open.pop()
        for outer in self.open:
            outer.is_layout = outer.is_layout or table.is_list or table.is_layout

    def _end_row(self, table: TableState) -> None:
        table.end_row(self.name, self.epoch_1904)
        self._took(table)
