"""Turn the first bytes of a file into the verdict that it is XML: a spreadsheet of Excel 2003, or something else.

Excel 2002 and 2003 called it "XML Spreadsheet"; many ERPs write it to this day, and call it .xls, since Excel opens it.
"""

from __future__ import annotations

import re

from pipeline.read import encoding as encodings

SPREADSHEET = re.compile(
    r"\s*+(?:(?><\?.{0,2000}?\?>|<!--.{0,20000}?-->|<!DOCTYPE\b.{0,20000}?(?=<(?:[-\w.]{1,40}:)?Workbook\b))\s*+)*+"
    r"<(?:[-\w.]{1,40}:)?Workbook\b[^>]{0,9000}?urn:schemas-microsoft-com:office:spreadsheet",
    re.DOTALL,
)
ANY = re.compile(r"\s*<(?:\?xml\b|[A-Za-z][-\w.:]*(?:\s[^<>]{0,2000})?>)")


def is_spreadsheet(head: bytes) -> bool:
    """Whether a file that begins with `head` is an XML spreadsheet.

    >>> is_spreadsheet(b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">')
    True
    >>> is_spreadsheet(b'<?xml version="1.0"?><customers/>')
    False
    """
    return SPREADSHEET.match(encodings.glance(head)) is not None


def is_xml(head: bytes, *, named: bool) -> bool:
    """Whether a file that begins with `head` is XML; `named`: its name says so, and it begins with a tag.

    >>> is_xml(b"<customers><customer>", named=True), is_xml(b"<a>,b", named=False)
    (True, False)
    """
    text = encodings.glance(head)
    return text.lstrip().startswith("<?xml") or (named and ANY.match(text) is not None)
