"""Files whose names promise something else than their bytes: each stop says what they are, and what to type is right."""

from __future__ import annotations

import gzip
import io
import random
import zipfile
from pathlib import Path

import pytest
import xlsxwriter

from pipeline.errors import Unreadable
from pipeline.progress import Silent
from pipeline.read import ReadOptions, open_sheet

NOISE = random.Random(5).randbytes(5000)
LIST = b"PK,Nombre,Correo\n1,Ana,ana@empresa.cl\n2,Eva,eva@empresa.cl\n"


def workbook() -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        book.add_worksheet().write_column(0, 0, ["Nombre", "Ana", "Eva"])
    return out.getvalue()


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as inside:
        inside.writestr("clientes.csv", LIST)
    return out.getvalue()


def told(tmp_path: Path, name: str, data: bytes) -> Unreadable:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(Unreadable) as stop:
        open_sheet(tmp_path / name, ReadOptions(), tmp_path, Silent())
    return stop.value


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "A.TXT.GZ"])
def test_an_archive_called_a_list_is_to_be_unpacked(tmp_path: Path, name: str) -> None:
    """Not to be called .xlsx, which no program would open."""
    packed = name.lower().endswith(".gz")
    stop = told(tmp_path, name, gzip.compress(archive()) if packed else archive())
    assert stop.message == f"{name} is a zip archive"
    assert stop.remedy == "Unpack it, and run again with the list that is inside."


def test_a_workbook_called_a_list_is_to_be_renamed_as_it_is(tmp_path: Path) -> None:
    """And unpacked before, where it is compressed: a compressed workbook is not read under any name."""
    assert told(tmp_path, "a.csv", workbook()).remedy == "Rename it to a.xlsx, and run again."
    stop = told(tmp_path, "a.csv.gz", gzip.compress(workbook()))
    assert stop.message == "a.csv.gz holds a workbook, not a text file, whatever its name says"
    assert stop.remedy == "Unpack it, rename what is inside to end in .xlsx, and run again with that file."


@pytest.mark.parametrize("name", ["a.xlsx", "a.xls", "a.ods", "a.xlsb"])
def test_bytes_that_are_nothing_are_not_called_text(tmp_path: Path, name: str) -> None:
    """Nor is anybody told to rename them to .csv; text in UTF-16 is text, for all its zeros."""
    stop = told(tmp_path, name, NOISE)
    assert stop.message == f"{name} is no workbook, whatever its name says, and no text either"
    assert "Download" in stop.remedy and ".csv" not in stop.remedy
    for text in (LIST[3:], LIST[3:].decode().encode("utf-16"), LIST[3:].decode().encode("utf-16-le")):
        assert "plain text" in told(tmp_path, name, text).message


def test_a_column_may_be_called_pk(tmp_path: Path) -> None:
    """As a zip archive begins, and as databases call the key of a row."""
    (tmp_path / "a.csv").write_bytes(LIST)
    assert open_sheet(tmp_path / "a.csv", ReadOptions(), tmp_path, Silent()).headers == ("PK", "Nombre", "Correo")
