"""Turn the first bytes of a file into the verdict that it is a web page, whatever its name says.

Many programs export a table as a web page (HTML) that bears the name of a workbook (.xls), since Excel opens it.
"""

from __future__ import annotations

import re

from pipeline.errors import Unreadable
from pipeline.language import say
from pipeline.read import encoding as encodings

BEGINS = re.compile(
    r"\s*(?:<\?xml\b[^>]{0,200}\?>\s*)?(?:(?><!--(?!\s*(?:mso|\?)).{0,20000}?-->)\s*+)*+"
    r"<(?:!doctype\s+html|html|head|body|table|meta|script|frameset)\b",
    re.IGNORECASE | re.DOTALL,
)
HOLDS = re.compile(r"<(?:table|tr|html|body|frameset)\b[^<>]{0,2000}>", re.IGNORECASE)
ARCHIVE = re.compile(
    r"(?:[-\w]+:[^\n]{0,500}\n[ \t]?){0,20}?(?:MIME-Version:|Content-Type:\s*multipart/related)", re.IGNORECASE
)


def is_page(head: bytes, *, book: bool) -> bool:
    """Whether a file that begins with `head` is a web page; `book`: its name is that of a workbook or a web page.

    >>> is_page(b"<html><body>", book=False), is_page(b"Report<br><table border=1><tr><td>", book=True)
    (True, True)
    >>> is_page(b"name,<table>", book=False), is_page(b'<?xml version="1.0"?><Workbook>', book=True)
    (False, False)
    """
    text = encodings.glance(head)
    if BEGINS.match(text):
        return True
    return book and not text.lstrip().startswith("<?xml") and HOLDS.search(text) is not None


def is_archive(head: bytes) -> bool:
    """Whether a file is a web page in the form of a mail (MHTML), as Excel saves a "Single File Web Page"."""
    return ARCHIVE.match(head[:8192].decode("latin-1").lstrip("\ufeff")) is not None


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
