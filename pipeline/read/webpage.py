"""Turn the first bytes of a file into the verdict that it is a web page, whatever its name says, and its encoding.

Many programs export a table as a web page (HTML) that bears the name of a workbook (.xls), since Excel opens it.
"""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from pipeline.errors import Unreadable
from pipeline.language import say
from pipeline.read import encoding as encodings
from pipeline.read.encoding import Encoding

HEAD = 64 << 10  # bytes in which a page says what it is
BEGINS = re.compile(
    r"\s*(?:<\?xml\b[^>]{0,200}\?>\s*)?(?:<!--(?!\s*(?:mso|\?)).{0,20000}?-->\s*)*"
    r"<(?:!doctype\s+html|html|head|body|table|meta|script|frameset)\b",
    re.IGNORECASE | re.DOTALL,
)
HOLDS = re.compile(r"<(?:table|tr|html|body|frameset)\b[^<>]{0,2000}>", re.IGNORECASE)
TAGGED = re.compile(r"\s*<[A-Za-z!]")
CHARSET = re.compile(
    rb"<meta\b[^>]{0,300}?charset\s*=\s*[\"']?\s*([-\w:.]{2,40})|<\?xml\b[^>]{0,100}?encoding\s*=\s*[\"']([-\w]+)",
    re.IGNORECASE,
)
ARCHIVE = re.compile(
    r"(?:[-\w]+:[^\n]{0,500}\n[ \t]?){0,20}?(?:MIME-Version:|Content-Type:\s*multipart/related)", re.IGNORECASE
)
# What pages say, and what browsers read by it (WHATWG Encoding, 4.2).
READ_AS = {
    "iso8859-1": "cp1252", "ascii": "cp1252", "iso8859-9": "cp1254", "gb2312": "gb18030", "gbk": "gb18030",
    "shift_jis": "cp932", "euc_kr": "cp949", "tis-620": "cp874", "iso8859-11": "cp874",
}  # fmt: skip
WIDE = ("utf-16", "utf-32", "utf-7")


def is_page(head: bytes, *, book: bool) -> bool:
    """Whether a file that begins with `head` is a web page; `book`: its name is that of a workbook or a web page.

    >>> is_page(b"<html><body>", book=False), is_page(b"Report<br><table border=1><tr><td>", book=True)
    (True, True)
    >>> is_page(b"name,<table>", book=False), is_page(b'<?xml version="1.0"?><Workbook>', book=True)
    (False, False)
    """
    text = _text(head)
    if BEGINS.match(text):
        return True
    return book and not text.lstrip().startswith("<?xml") and HOLDS.search(text) is not None


def is_archive(head: bytes) -> bool:
    """Whether a file is a web page in the form of a mail (MHTML), as Excel saves a "Single File Web Page"."""
    return ARCHIVE.match(head[:8192].decode("latin-1").lstrip("\ufeff")) is not None


def _text(head: bytes) -> str:
    for mark, name in encodings.BOMS:
        if head.startswith(mark):
            return head.decode(name, errors="ignore")
    if wide := encodings.by_zeros(head[:4096]):
        return head.decode(wide, errors="ignore")
    return head.decode("latin-1")


def encoding(path: Path, told: str | None, name: str) -> Encoding:
    """The encoding of a page: the user's, that of its mark, what it says of itself where that fits, else as for text.

    Raises:
        Unreadable: no encoding has the name that the user told, or the bytes are no text.
    """
    if told is not None:
        return encodings.detect(path, told, name)
    with path.open("rb") as stream:
        head = stream.read(HEAD)
    found = encodings.detect(path, None, name)
    said = _said(head)
    if said is None or found.name.startswith(WIDE) or found.name == "utf-8-sig":
        return found
    if said == found.name:
        return found if said == "utf-8" else Encoding(said)
    if found.name == "utf-8" and not found.note:
        if _is_ascii(path):
            return Encoding(said) if not said.startswith("utf") else found
        return Encoding(
            "utf-8", say("the page says that its text is {said}, but all of it is UTF-8, and was read so", said=said)
        )
    if said == "utf-8":
        return found
    return Encoding(said)


def read_as(path: Path, told: str | None, name: str) -> tuple[str, str]:
    """The encoding of a page, and what to tell of it."""
    found = encoding(path, told, name)
    note = say("the table of a web page (HTML) was read, its text as {encoding}", encoding=found.name)
    return found.name, f"{note}; {found.note}" if found.note else note


def _said(head: bytes) -> str | None:
    """The encoding that a page says it is in, as Python knows it; None if it says none that there is."""
    match = CHARSET.search(head)
    if match is None:
        return None
    try:
        codec = codecs.lookup((match[1] or match[2]).decode("ascii", "replace"))
        "".encode(codec.name)
    except (LookupError, TypeError, ValueError):
        return None
    return None if codec.name.startswith(WIDE) else READ_AS.get(codec.name, codec.name)


def _is_ascii(path: Path) -> bool:
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            if not block.isascii():
                return False
    return True


def archived(name: str) -> Unreadable:
    """The stop for a web page in the form of a mail."""
    return Unreadable(
        say("{name} is a web page in one file (MHTML), as Excel and browsers save one", name=name),
        say("Open it in Excel, save it as an Excel workbook (.xlsx), and run again with that file."),
    )


def in_folder(name: str, sheet: str) -> Unreadable:
    """The stop for a page that only points to the sheets in a folder beside it; `sheet` is the first one's file, or ""."""
    return Unreadable(
        say("{name} is a frame without rows: its sheets are files in a folder beside it", name=name),
        say("Run again with the file of the sheet itself ({sheet}).", sheet=sheet)
        if sheet
        else say("Open it in Excel together with its folder, save it as .xlsx, and run again with that file."),
    )


def without_table(name: str, title: str, text: str, *, login: bool) -> Unreadable:
    """The stop for a page that holds no list; `title` and `text` are what it shows."""
    shown = " ".join((title or text).split())
    shown = shown[:80] + ("..." if len(shown) > 80 else "")
    if login:
        return Unreadable(
            say("{name} is no list but a web page that asks for a password ({shown!r}): the session in the browser had ended",
                name=name, shown=shown),
            say("Log in to the program that it comes from, export the list again, and run again with the new file."),
        )  # fmt: skip
    what = (
        say("{name} is a web page ({shown!r}) that has no table of rows", name=name, shown=shown)
        if shown
        else say("{name} is a web page that has no table of rows", name=name)
    )
    return Unreadable(
        what,
        say(
            "Open it in a browser to see what it says; export the list again, as .xlsx or CSV where there is the choice."
        ),
    )
