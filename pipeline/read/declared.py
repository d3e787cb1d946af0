"""Turn what a file says of its own encoding, and its bytes, into the encoding it is read in: web pages and XML say it."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from pipeline.language import say
from pipeline.read import encoding as encodings
from pipeline.read.encoding import Encoding

HEAD = 64 << 10  # bytes in which a file says what it is
CHARSET = re.compile(
    rb"<meta\b[^>]{0,300}?charset\s*=\s*[\"']?\s*([-\w:.]{2,40})|<\?xml\b[^>]{0,100}?encoding\s*=\s*[\"']([-\w]+)",
    re.IGNORECASE,
)
# What pages say, and what browsers read by it (WHATWG Encoding, 4.2).
READ_AS = {
    "iso8859-1": "cp1252", "ascii": "cp1252", "iso8859-9": "cp1254", "gb2312": "gb18030", "gbk": "gb18030",
    "shift_jis": "cp932", "euc_kr": "cp949", "tis-620": "cp874", "iso8859-11": "cp874",
}  # fmt: skip
WIDE = ("utf-16", "utf-32", "utf-7")


def encoding(path: Path, told: str | None, name: str) -> Encoding:
    """The encoding of a file: the user's, that of its mark, what it says of itself where that fits, else as for text.

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
            "utf-8", say("the file says that its text is {said}, but all of it is UTF-8, and was read so", said=said)
        )
    if said == "utf-8":
        return found
    return Encoding(said)


def _said(head: bytes) -> str | None:
    """The encoding that a file says it is in, as Python knows it; None if it says none that there is."""
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
