"""Turn a stream of XML into calls of handlers, without entities, network or trust: the one parser of all workbooks."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import IO
from xml.parsers import expat

from pipeline.errors import Unreadable
from pipeline.language import say
from pipeline.read.book import damaged

BLOCK = 1 << 18  # bytes
Start = Callable[[str, dict[str, str]], None]
End = Callable[[str], None]
Data = Callable[[str], None]


def parser(name: str, start: Start, end: End | None = None, data: Data | None = None) -> expat.XMLParserType:
    """A parser that refuses declarations of entities; `name` is the workbook's, for messages."""
    made = expat.ParserCreate()
    made.buffer_text = True
    made.buffer_size = 1 << 16
    made.StartElementHandler = start
    made.EndElementHandler = end
    made.CharacterDataHandler = data

    def refuse(*_: object) -> None:
        raise Unreadable(
            say("{name} holds XML entities, which no spreadsheet program writes: it may be an attack", name=name),
            say("Open it in a spreadsheet program, save it anew, and run again with that file."),
        )

    made.StartDoctypeDeclHandler = refuse
    made.EntityDeclHandler = refuse
    return made


def feed(stream: IO[bytes], to: expat.XMLParserType, name: str, part: str) -> Iterator[None]:
    """Parse a stream block by block; yields after each.

    Raises:
        Unreadable: it is not well-formed, or cannot be unpacked.
    """
    try:
        yield from parse(iter(partial(stream.read, BLOCK), b""), to)
    except (
        expat.ExpatError, zipfile.BadZipFile, zlib.error, EOFError, ValueError, LookupError, OSError,
    ) as error:  # fmt: skip
        raise damaged(name, f"{part}: {error}") from error


def parse(blocks: Iterable[bytes | str], to: expat.XMLParserType) -> Iterator[None]:
    """Parse a document that comes in blocks, of bytes or of text; yields after each.

    Raises:
        ExpatError: it is not well-formed.
    """
    for block in blocks:
        to.Parse(block, False)
        yield
    to.Parse(b"", True)
