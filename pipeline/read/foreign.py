"""Turn the first bytes of a file that is no spreadsheet into the word for what it is, and the way out of it."""

from __future__ import annotations

import re

from pipeline.errors import Unreadable
from pipeline.language import later, say

SAVE_AS = later("Open it in a spreadsheet program, save it as .xlsx or as CSV UTF-8, and run again with that file.")
EXPORT = later("Export the list of customers from it as .xlsx or CSV UTF-8, and run again with that file.")
COPY = later(
    "Get the list as .xlsx or CSV from the program that made it; or copy its table into a spreadsheet program, look that no "
    "row or digit is missing, and save it as .xlsx."
)
UNPACK = later("Unpack it, and run again with the list that is inside.")
PICTURE = later("a picture")
IN_A_PICTURE = later(
    "A picture has no cells to read: ask for the list as .xlsx or CSV, or type it into the workbook that customer-import template makes."
)
WORD = later("a Word document")

KNOWN = (
    (rb"%PDF", later("a PDF document"), COPY),
    (rb"%!PS", later("a PostScript document"), COPY),
    (rb"\{\\rtf", later("a text document (RTF)"), COPY),
    (rb"\x89PNG|\xff\xd8\xff|GIF8[79]a|BM.{4}\0{4}|II\*\0|MM\0\*|RIFF.{4}WEBP", PICTURE, IN_A_PICTURE),
    (rb"\0\0\0.ftyp", later("a picture or a film"), IN_A_PICTURE),
    (rb"Rar!", later("a RAR archive"), UNPACK),
    (rb"7z\xbc\xaf", later("a 7-Zip archive"), UNPACK),
    (rb"BZh[1-9]", later("a bzip2 archive"), UNPACK),
    (rb"\xfd7zXZ", later("an xz archive"), UNPACK),
    (rb"\x28\xb5\x2f\xfd", later("a Zstandard archive"), UNPACK),
    (rb"PAR1", later("a Parquet file"), EXPORT),
    (rb"SQLite format 3", later("an SQLite database"), EXPORT),
    (rb".{4}Standard (?:Jet|ACE) DB", later("an Access database"), EXPORT),
    (rb"BEGIN:VCARD", later("an address book (vCard)"), EXPORT),
    (rb"BEGIN:VCALENDAR", later("a calendar"), EXPORT),
    (rb"(?:Return-Path|Delivered-To|Received|MIME-Version|Message-ID): ", later("an e-mail message"),
     later("Save the list that is attached to it, and run again with that file.")),
    (rb"\x09\x00\x04\x00", later("a workbook of Excel 2, an old format that is not supported"), SAVE_AS),
    (rb"\x09\x02\x06\x00", later("a workbook of Excel 3, an old format that is not supported"), SAVE_AS),
    (rb"\x09\x04\x06\x00", later("a workbook of Excel 4, an old format that is not supported"), SAVE_AS),
    (rb"\x09\x08", later("a workbook of Excel 5 without container, an old format that is not supported"), SAVE_AS),
    (rb"(?:\xef\xbb\xbf)?\s*(?:\[\s*)?\{\s*\"", later("a JSON file"), EXPORT),
)  # fmt: skip
"""How files begin that are no spreadsheets, what they are called, and what to do with them."""
INSIDE = (
    ("word/", WORD, COPY),
    ("ppt/", later("a presentation"), COPY),
)
"""Folders of packages that are no workbooks."""
APPLE = {
    ".pages": (later("a Pages document"), COPY),
    ".key": (later("a Keynote presentation"), COPY),
}
NUMBERS = (
    later("a Numbers document"),
    later("Open it in Numbers, choose File > Export To > Excel, and run again with that file."),
)
"""Documents of Apple's programs look alike inside; their names tell them apart."""
OPEN_DOCUMENT = b"application/vnd.oasis.opendocument."


def refuse(name: str, head: bytes) -> None:
    """Stop where a file begins as no spreadsheet does.

    Raises:
        Unreadable: with what it is instead.
    """
    for begins, what, remedy in KNOWN:
        if re.match(begins, head, re.DOTALL):
            raise document(name, say(what), remedy)


def in_a_package(name: str, names: set[str], mimetype: bytes) -> Unreadable | None:
    """The stop for a zip file with these entries, and what its entry `mimetype` says; None where it may be a workbook."""
    if mimetype.startswith(OPEN_DOCUMENT) and not mimetype.startswith(OPEN_DOCUMENT + b"spreadsheet"):
        return document(name, say("an OpenDocument file without sheets"), COPY)
    for folder, what, remedy in INSIDE:
        if any(part.startswith(folder) for part in names):
            return document(name, say(what), remedy)
    if any(part.startswith("Index/") and part.endswith(".iwa") for part in names):
        what, remedy = next((told for end, told in APPLE.items() if name.lower().endswith(end)), NUMBERS)
        return document(name, say(what), remedy)
    return None


def document(name: str, what: str, remedy: str) -> Unreadable:
    """The stop for a file of another kind, called `what`, with the way out of it."""
    return Unreadable(say("{name} is {kind}", name=name, kind=what), say(remedy))
