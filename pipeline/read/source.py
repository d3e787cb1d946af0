"""Turn a path, or standard input, into a regular file of plain bytes whose kind and hash are known.

The kind is told by the first bytes and checked against the name; what is no spreadsheet ends here, with the
way out. Compressed text is unpacked into the scratch folder under a limit, so that a small file cannot fill
the disk.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import shutil
import sys
import zlib
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.errors import Unreadable
from pipeline.language import say
from pipeline.read import declared, foreign, webpage, xmlfile
from pipeline.read import encoding as encodings
from pipeline.read.foreign import SAVE_AS

TEXT = frozenset({".csv", ".tsv", ".txt", ".tab"})
BOOKS = frozenset({".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".html", ".htm", ".xml"})
BLOCK = 1 << 20  # bytes
LARGEST_UNPACKED = 8 << 30  # bytes
LARGEST_RATIO = 200  # customer lists shrink 4 to 30 times; 200 means padding or an attack
RATIO_COUNTS_FROM = 32 << 20  # bytes
PACKED = b"\x1f\x8b"  # how gzip begins
CONTAINERS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08", b"\xd0\xcf\x11\xe0")  # a list may have a column called PK


@dataclass(frozen=True)
class Source:
    """A file that is there and is a spreadsheet.

    `path` holds the bytes to read (in the scratch folder where they were unpacked or came from standard
    input); `sha256` is that of the bytes as they were given; `kind` is "text" or "book".
    """

    name: str
    path: Path
    kind: str
    digest: Digest
    suffix: str = ""
    notes: tuple[str, ...] = ()

    @property
    def sha256(self) -> str:
        """The hash, which is worked out beside the reading."""
        return self.digest.result()


class Digest:
    """The SHA-256 of the bytes of a file: told by who reads all of them anyhow, or worked out in a thread of its own."""

    def __init__(self, path: Path) -> None:
        """Of the file `path`, which is not read yet."""
        self._path = path
        self._coming: Future[str] | None = None

    def begin(self) -> Future[str]:
        """Work it out beside whatever the caller does next, unless it is known."""
        if self._coming is None:
            worker = ThreadPoolExecutor(1)
            self._coming = worker.submit(sha256, self._path)
            worker.shutdown(wait=False)
        return self._coming

    def tell(self, path: Path, found: str) -> None:
        """Take the hash of all bytes of `path`, unless that is another file (what was unpacked) or it has begun."""
        if self._coming is None and path == self._path:
            self._coming = Future()
            self._coming.set_result(found)

    def result(self) -> str:
        """The hash, in hexadecimal."""
        return self.begin().result()


def take(given: Path | str, scratch: Path) -> Source:
    """Find, unpack and recognise a source.

    Raises:
        Unreadable: it is missing, a folder, empty, cut, not a spreadsheet, or not what its name says.
    """
    if str(given) == "-":
        path = scratch / "stdin"
        with path.open("wb") as copy:
            shutil.copyfileobj(sys.stdin.buffer, copy, BLOCK)
        source = Source("stdin", path, "text", Digest(path))
    else:
        path = Path(given)
        must_exist(path)
        # Bytes of a name that are no text (an old archive was unpacked) can be opened, but not written anywhere.
        name = path.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        source = Source(name, path, "text", Digest(path), path.suffix.lower())
    return _recognise(_unpacked(source, scratch))


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def must_exist(path: Path) -> None:
    """Stop where there is no file that can be read.

    Raises:
        Unreadable: it is not there, it is a folder, or its permissions forbid it.
    """
    if path.is_dir():
        raise Unreadable(say("{path} is a folder", path=path), say("Name the spreadsheet file itself."))
    if address := re.match(r"(?i)(https?):/+(.+)", str(path)):
        raise Unreadable(
            say("{address} is an address, not a file", address="://".join(address.groups())),
            say("Download the list as .xlsx or .csv, and name that file."),
        )
    if path.name.startswith(("~$", ".~lock.")):
        raise Unreadable(
            say("{path} is no list: a spreadsheet program leaves it while the list is open", path=path),
            say("Save and close the list, and name the list itself."),
        )
    if not path.exists():
        raise Unreadable(say("{path} does not exist", path=path), say("Check the path and the name of the file."))
    try:
        with path.open("rb") as stream:
            stream.read(1)
    except OSError as error:
        why = say("{path} cannot be read: {why}", path=path, why=error.strerror or error)
        raise Unreadable(why, say("Check the permissions of the file, and close it in other programs.")) from error


def _unpacked(source: Source, scratch: Path) -> Source:
    with source.path.open("rb") as stream:
        if stream.read(2) != PACKED:
            return source
    if source.suffix not in {".gz", ""}:
        raise Unreadable(
            say("{name} is a compressed file, not a spreadsheet ({suffix})", name=source.name, suffix=source.suffix),
            say(SAVE_AS),
        )
    source.digest.begin()
    path, packed, size = scratch / "unpacked", source.path.stat().st_size, 0
    try:
        with gzip.open(source.path) as inside, path.open("wb") as out:
            while block := inside.read(BLOCK):
                size += len(block)
                if size > LARGEST_UNPACKED or (size > RATIO_COUNTS_FROM and size > packed * LARGEST_RATIO):
                    raise Unreadable(
                        say(
                            "{name} is too large once unpacked: {packed:n} bytes became more than {size:n}",
                            name=source.name,
                            packed=packed,
                            size=size,
                        ),
                        say("Unpack it yourself, and run again with the file inside if it is a customer list."),
                    )
                out.write(block)
    except (EOFError, OSError, zlib.error) as error:
        raise Unreadable(
            say("{name} is damaged or incomplete: {error}", name=source.name, error=error),
            say("Download or copy it again."),
        ) from error
    with path.open("rb") as stream:
        if stream.read(2) == PACKED:
            raise Unreadable(say("{name} is compressed twice", name=source.name), say(foreign.UNPACK))
    stem = source.name.removesuffix(".gz")
    return replace(source, path=path, suffix=Path(stem).suffix.lower())


def _recognise(source: Source) -> Source:
    with source.path.open("rb") as stream:
        head = stream.read(declared.HEAD)
    if not head.strip(b"\r\n\t \x00\xef\xbb\xbf"):
        raise Unreadable(
            say("{name} is empty", name=source.name), say("Export the customer list again, and check that it has rows.")
        )
    kind = "book" if head.startswith(CONTAINERS) else "text"
    if webpage.is_archive(head):
        raise webpage.archived(source.name)
    if kind == "text" and (xmlfile.is_spreadsheet(head) or webpage.is_page(head, book=source.suffix in BOOKS)):
        source.digest.begin()
        return replace(source, kind="book")
    foreign.refuse(source.name, head[:4096])
    if kind == "text" and xmlfile.is_xml(head, named=source.suffix == ".xml"):
        raise Unreadable(say("{name} is an XML file, not a workbook or CSV", name=source.name), say(SAVE_AS))
    if source.suffix in BOOKS and kind == "text":
        if encodings.is_binary(head):
            raise Unreadable(
                say("{name} is no workbook, whatever its name says, and no text either", name=source.name),
                say("Download or copy it again; if it stays so, ask for the list from the program that made it."),
            )
        stem = Path(source.name).stem
        raise Unreadable(
            say("{name} is no workbook: it holds plain text, whatever its name says", name=source.name),
            say(
                "If it is a CSV file, rename it to {stem}.csv and run again; else download it again, it may be cut.",
                stem=stem,
            ),
        )
    if source.suffix in TEXT and kind == "book":
        raise _misnamed(source)
    if kind == "book":  # its bytes go to a process of their own
        source.digest.begin()
    return replace(source, kind=kind)


def _misnamed(source: Source) -> Unreadable:
    """The stop for a workbook that is called a text file.

    Raises:
        Unreadable: it is none; what it is instead.
    """
    from pipeline.read import package  # most runs need nothing of it here

    ending = package.kind(source.path, source.name)
    if source.name.lower().endswith(".gz"):
        return Unreadable(
            say("{name} holds a workbook, not a text file, whatever its name says", name=source.name),
            say("Unpack it, rename what is inside to end in .{ending}, and run again with that file.", ending=ending),
        )
    return Unreadable(
        say("{name} is a workbook, not a text file, whatever its name says", name=source.name),
        say("Rename it to {stem}.{ending}, and run again.", stem=Path(source.name).stem, ending=ending),
    )
