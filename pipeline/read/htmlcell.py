"""Turn the tags and texts within one cell of a web page's table into what a person sees there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from pipeline.language import say
from pipeline.read.book import SheetFacts
from pipeline.read.htmltext import BLOCK, BLOCKS, BREAK, KEEPS, SPACES, Styles, hides, kept, shown, spaced
from pipeline.read.htmltokens import attributes, characters
from pipeline.read.sheetxml import LONGEST_CELL

VOID = frozenset(
    ["area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "img", "input", "keygen", "link", "meta",
     "param", "source", "track", "wbr"]
)  # fmt: skip
UNSHOWN = frozenset(
    ["audio", "datalist", "noscript", "object", "rp", "rt", "select", "svg", "template", "video", "xml"]
)
CELL, CAPTION = "cell", "caption"
ITSELF = ""
"""In the place of a tag: the cell."""


class Within(NamedTuple):
    """The outermost element that holds for what is in it: its tag, how many of this tag are open, and a mark."""

    tag: str
    depth: int
    mark: bool

    def begun(self, tag: str) -> Within:
        """An element begins in it."""
        return self._replace(depth=self.depth + 1) if tag == self.tag else self

    def ended(self, tag: str) -> Within | None:
        """An element ends; None where it was this one."""
        if tag != self.tag:
            return self
        return self._replace(depth=self.depth - 1) if self.depth > 1 else None


@dataclass
class Content:
    """A cell or a caption (`into` says which) or, where `into` is "", nothing; the facts count texts that nobody sees.

    `excess` says what is more than any list has in a cell, once one was.
    """

    styles: Styles
    facts: SheetFacts
    into: str = ""
    given: dict[str, str] = field(default_factory=dict)
    style: str = ""
    excess: str = ""
    _pieces: list[str] = field(default_factory=list)
    _size: int = 0
    _unshown: Within | None = None  # the mark: what is in it is told
    _kept: Within | None = None  # the mark: line ends count

    def begin(self, into: str, given: dict[str, str]) -> None:
        """A cell or a caption begins."""
        self.into, self.given = into, given
        self.style = self.styles.of(given) if given else ""
        if self.style:
            if hides(self.style):
                self._unshown = Within(ITSELF, 1, True)
            elif KEEPS.search(self.style):
                self._kept = Within(ITSELF, 1, True)

    def end(self) -> str | None:
        """The text of what ends; None where it is hidden itself."""
        hidden = self._unshown is not None and self._unshown.tag == ITSELF
        text = None if hidden else shown(self._pieces)
        self.into, self.given, self.style = "", {}, ""
        self._pieces, self._size, self._unshown, self._kept = [], 0, None, None
        return text

    @property
    def is_shown(self) -> bool:
        """Whether a text would be seen here."""
        return self._unshown is None

    def text(self, text: str) -> None:
        """A text in it."""
        if self._unshown:
            if self._unshown.mark and text.strip():
                self.facts.hidden_texts += bool(characters(text).strip())
            return
        found = characters(text)
        if self._kept:
            found = kept(found) if self._kept.mark else spaced(found)
        self.put(found)

    def put(self, text: str) -> None:
        """What is shown next."""
        self._size += len(text)
        if self._size > 4 * LONGEST_CELL:
            self.excess = self.excess or say("a cell of {count:n} characters", count=self._size)
        else:
            self._pieces.append(text)

    def start_tag(self, tag: str, text: str) -> None:
        """An element begins in it; `text` are its attributes as written."""
        if self._unshown:
            self._unshown = self._unshown.begun(tag)
            return
        if tag == "br":
            self.put(BREAK)
            return
        if tag in BLOCKS:
            self.put(BLOCK)
        if tag in VOID or text.endswith("/"):
            return
        if self._kept:
            self._kept = self._kept.begun(tag)
        if tag in UNSHOWN:
            self._unshown = Within(tag, 1, tag == "select")
            return
        style = self.styles.of(attributes(text)) if text else ""
        if style and hides(style):
            self._unshown = Within(tag, 1, True)
        elif not self._kept and (tag in ("pre", "textarea") or (style and KEEPS.search(style))):
            self._kept = Within(tag, 1, True)
        elif not self._kept and style and SPACES.search(style):
            self._kept = Within(tag, 1, False)

    def end_tag(self, tag: str) -> None:
        """An element ends in it."""
        if self._unshown:
            self._unshown = self._unshown.ended(tag)
            return
        if self._kept:
            self._kept = self._kept.ended(tag)
        if tag in BLOCKS:
            self.put(BLOCK)
