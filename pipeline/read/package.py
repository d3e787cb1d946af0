"""Turn the bytes of a workbook container into its kind, after its sizes were found harmless.

Nothing is unpacked here: a zip's directory tells how large its entries claim to be, and reading them later
stops at that size.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

from pipeline.errors import Unreadable
from pipeline.language import later, say
from pipeline.read import foreign, webpage, xmlfile
from pipeline.read.foreign import SAVE_AS

MOST_ENTRIES = 20_000
LARGEST_ENTRY = 4 << 30  # bytes
LARGEST_RATIO = 600  # a sheet of equal rows shrinks about 100 times
RATIO_COUNTS_FROM = 256 << 20  # bytes
AGAIN = later("Download or copy it again, or open it in a spreadsheet program and save it anew.")


def kind(path: Path, name: str) -> str:
    """The kind of a workbook: xlsx, xlsb, ods, xls; or, whatever its name, html (tables of a web page) or xml (Excel 2003).

    Raises:
        Unreadable: it is damaged, protected, something else, or suspiciously large inside.
    """
    with path.open("rb") as stream:
        head = stream.read(64 << 10)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return _compound(path, name)
    if not head.startswith(b"PK") and xmlfile.is_spreadsheet(head):
        return "xml"
    if not head.startswith(b"PK") and webpage.is_page(head, book=True):
        return "html"
    try:
        with zipfile.ZipFile(path) as book:
            entries = book.infolist()
            names = {entry.filename.replace("\\", "/").lstrip("/") for entry in entries}
            _harmless(entries, name)
            return _by_names(book, names, name)
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        if b"word/" in head:
            raise foreign.document(name, say(foreign.WORD), foreign.COPY) from error
        raise Unreadable(say("{name} is damaged or incomplete: {error}", name=name, error=error), say(AGAIN)) from error


def protected(name: str) -> Unreadable:
    """The stop for a workbook with a password."""
    return Unreadable(
        say("{name} is protected with a password", name=name),
        say("Open it, save it without the password, and run again with that file."),
    )


def _compound(path: Path, name: str) -> str:
    data = path.read_bytes() if path.stat().st_size < (256 << 20) else b""
    if any(stream.encode("utf-16-le") in data for stream in ("EncryptedPackage", "EncryptionInfo")):
        raise protected(name)
    if "WordDocument".encode("utf-16-le") in data:
        raise foreign.document(name, say(foreign.WORD), foreign.COPY)
    return "xls"


def _harmless(entries: list[zipfile.ZipInfo], name: str) -> None:
    if len(entries) > MOST_ENTRIES:
        raise Unreadable(
            say("{name} is too large inside: {count:n} parts", name=name, count=len(entries)), say(SAVE_AS)
        )
    for entry in entries:
        size, packed = entry.file_size, max(1, entry.compress_size)
        if size > LARGEST_ENTRY or (size > RATIO_COUNTS_FROM and size > LARGEST_RATIO * packed):
            raise Unreadable(
                say(
                    "{name} is too large inside: {part} unpacks from {packed:n} to {size:n} bytes",
                    name=name,
                    part=entry.filename,
                    packed=packed,
                    size=size,
                ),
                say(SAVE_AS),
            )


def _by_names(book: zipfile.ZipFile, names: set[str], name: str) -> str:
    stop = foreign.in_a_package(name, names, book.read("mimetype")[:100] if "mimetype" in names else b"")
    if stop is not None:
        raise stop
    if any(part.endswith("workbook.bin") for part in names):
        return "xlsb"
    if "content.xml" in names:
        manifest = next((e for e in book.infolist() if e.filename == "META-INF/manifest.xml"), None)
        if manifest is not None and b"encryption-data" in book.read(manifest)[: 1 << 20]:
            raise protected(name)
        return "ods"
    if any(part.startswith("xl/") or part.endswith("workbook.xml") for part in names):
        return "xlsx"
    raise foreign.document(name, say("a zip archive"), foreign.UNPACK)
