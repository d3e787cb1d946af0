"""Files that are no spreadsheets are called what they are, with a way out that leads somewhere; no binary data is read as text."""

from __future__ import annotations

import gzip
import io
import random
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import Unreadable
from pipeline.progress import Silent
from pipeline.read import ReadOptions, open_sheet

NOISE = random.Random(1).randbytes(600)
LIST = b"Name,Email\nAna,ana@mail.example\n"


def package(*names: str, mimetype: str = "") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as out:
        for name in names:
            out.writestr(name, "x")
        if mimetype:
            out.writestr("mimetype", f"application/vnd.oasis.opendocument.{mimetype}")
    return made.getvalue()


FILES = {
    "scan.pdf": (b"%PDF-1.7\n" + NOISE, "a PDF document", "no row or digit is missing"),
    "list.csv": (b"%PDF-1.7\n" + NOISE, "a PDF document", "no row or digit is missing"),
    "list.png": (b"\x89PNG\r\n\x1a\n" + NOISE, "a picture", "template makes"),
    "list.jpg": (b"\xff\xd8\xff\xe0" + NOISE, "a picture", "template makes"),
    "list.xlsx": (b"\xff\xd8\xff\xe0" + NOISE, "a picture", "template makes"),
    "list.gif": (b"GIF89a" + NOISE, "a picture", "template makes"),
    "list.webp": (b"RIFF\x10\2\0\0WEBPVP8 " + NOISE, "a picture", "template makes"),
    "list.heic": (b"\0\0\0\x18ftypheic" + NOISE, "a picture or a film", "template makes"),
    "text.docx": (package("[Content_Types].xml", "word/document.xml"), "a Word document", "copy its table"),
    "text.odt": (package("content.xml", mimetype="text"), "an OpenDocument file without sheets", "copy its table"),
    "slides.pptx": (package("ppt/presentation.xml"), "a presentation", "copy its table"),
    "list.numbers": (package("Index/Document.iwa"), "a Numbers document", "Export To"),
    "text.pages": (package("Index/Document.iwa"), "a Pages document", "copy its table"),
    "lists.zip": (package("a.csv", "b.csv"), "a zip archive", "Unpack it"),
    "lists.rar": (b"Rar!\x1a\7\1\0" + NOISE, "a RAR archive", "Unpack it"),
    "list.csv.gz": (gzip.compress(gzip.compress(LIST)), "compressed twice", "Unpack it"),
    "list.mdb": (b"\0\1\0\0Standard Jet DB\0" + NOISE, "an Access database", "Export the list"),
    "list.vcf": (b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ana\r\nEND:VCARD\r\n", "an address book", "Export the list"),
    "list.json": (b'[{"name": "Ana"}]', "a JSON file", "Export the list"),
    "list.eml": (b"Return-Path: <a@b.example>\r\nSubject: x\r\n\r\nx\r\n", "an e-mail message", "attached"),
    "list.mp3": (b"ID3\3" + NOISE, "binary data", "Export it again"),
    "noise.csv": (NOISE, "binary data", "Export it again"),
}


def stopped(path: Path, data: bytes) -> Unreadable:
    path.write_bytes(data)
    with pytest.raises(Unreadable) as stop:
        open_sheet(path, ReadOptions(), path.parent, Silent())
    return stop.value


@pytest.mark.parametrize("name", FILES)
def test_it_is_called_what_it_is(tmp_path: Path, name: str) -> None:
    """Whatever its name says; nobody is told to open a picture in a spreadsheet program."""
    data, what, way_out = FILES[name]
    stop = stopped(tmp_path / name, data)
    assert what in stop.message and way_out in stop.remedy
    assert "Open it in a spreadsheet program" not in stop.remedy


@settings(derandomize=True, deadline=None, max_examples=100)
@given(seed=st.integers(0, 10**6), size=st.integers(400, 5_000))
def test_no_noise_is_a_list(tmp_path_factory: pytest.TempPathFactory, seed: int, size: int) -> None:
    """What is compressed, encrypted or damaged looks like this."""
    path = tmp_path_factory.mktemp("noise") / "a.csv"
    stopped(path, b"x" + random.Random(seed).randbytes(size))


CONTROLS = [chr(n) for n in (1, 2, 7, 8, 11, 12, 26, 27, 28, 29, 30, 31)]


@settings(derandomize=True, deadline=None, max_examples=50)
@given(page=st.sampled_from(["cp1252", "cp850", "mac-roman"]), odd=st.sets(st.sampled_from(CONTROLS), max_size=7))
def test_a_text_with_some_control_characters_is_no_binary_data(
    tmp_path_factory: pytest.TempPathFactory, page: str, odd: set[str]
) -> None:
    """Old programs leave them in the cells; the row says so."""
    path = tmp_path_factory.mktemp("text") / "a.csv"
    lines = "".join(f"José Muñoz {sign},a{n}@mail.example\r\n" for n, sign in enumerate(sorted(odd) * 20))
    path.write_bytes(f"Name,Email\r\nMaría Peña,m@mail.example\r\n{lines}".encode(page))
    sheet = open_sheet(path, ReadOptions(), path.parent, Silent())
    assert sheet.facts.encoding == page and sheet.headers == ("Name", "Email")
