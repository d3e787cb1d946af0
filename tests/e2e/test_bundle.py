"""What can be attached to a bug report has the shape of a run, and no text of a customer."""

from __future__ import annotations

import csv
import io
import json
import re
import tempfile
import unicodedata
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from conftest import ROOT, SECRETS, Shell, people, write_csv
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from pipeline import bundle, run, targets
from pipeline.folder import RunFolder
from pipeline.options import RunOptions
from pipeline.progress import Silent

WORD = re.compile(r"[^\W_]{3,}")
CATALOGUE = (ROOT / "pipeline" / "issues.toml").read_text(encoding="utf-8")
"""Words of ours: the code of an issue is told, and a cell may hold a piece of it by chance."""
SHAPE = re.compile(r"[xX9]+")


def texts(path: Path) -> str:
    """All that the bundle says, its files' names too."""
    with zipfile.ZipFile(path) as file:
        assert file.testzip() is None
        return "\n".join(f"{name}\n{file.read(name).decode()}" for name in file.namelist())


def words(cells: Iterable[str]) -> set[str]:
    """The runs of three and more letters and digits, but for those that are a mask already."""
    return {word for cell in cells for word in WORD.findall(cell) if not SHAPE.fullmatch(word)}


def bundled(rows: list[dict[str, str]], *flags: str) -> str:
    """The bundle of a dry run of these rows."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_csv(folder / "list.csv", rows)
        named = {
            "encoding": "utf-8",
            "delimiter": ",",
            "header_row": 1,
            "assigned": FIELDS,
            "constants": {"country": "CL"},
        }
        options = RunOptions((str(folder / "list.csv"),), "piriod", folder / "run", True, dry_run=True, **named)  # type: ignore[arg-type]
        prepared = run.prepare(options, None, Silent())
        bundle.write(prepared.folder, folder / "b.zip")
        return texts(folder / "b.zip")


HEADERS = ("Razón social", "RUT", "Dirección", "Región", "Correo", "metadata.Apodo-Íntimo", "Ñandú Ltda")
FIELDS = dict(zip(HEADERS, ("name", "tax_id", "address", "state", "email"), strict=False))
cells = st.text(
    st.one_of(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), st.sampled_from("añÑ0123.@ ß١二Ⓐ🄰𝒜ªⅧ")),
    min_size=1,
)


@given(st.lists(st.lists(cells, min_size=len(HEADERS), max_size=len(HEADERS)), min_size=1, max_size=3))
@settings(max_examples=20, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate])
def test_no_cell_survives(table: list[list[str]]) -> None:
    """Whatever stands in the cells: no three letters or digits of them in a row are in the bundle."""
    plain = bundled([dict.fromkeys(HEADERS, "...")]) + CATALOGUE
    rows = [dict(zip(HEADERS, line, strict=True)) for line in table]
    said = bundled([*rows, dict.fromkeys(HEADERS, "-+-")])
    assert not {word for word in words(c for line in table for c in line) if word in said and word not in plain}
    assert "Apodo" not in said and "Íntimo" not in said and "Ñandú" not in said and "Razón social" in said


@given(st.lists(st.text(max_size=20), max_size=30))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_a_mask_has_the_shape_of_its_text(given_: list[str]) -> None:
    """The same length, the same punctuation and spaces, x for a small letter, X for a capital, 9 for a digit; nothing else."""
    text = pl.Series("t", given_, dtype=pl.String)
    shown = pl.DataFrame([text]).select(bundle.mask(pl.col("t")))["t"].to_list()
    for before, after in zip(given_, shown, strict=True):
        assert len(before) == len(after)
        for old, new in zip(before, after, strict=True):
            kind = unicodedata.category(old)
            if kind[0] == "L":
                assert new == ("X" if kind in ("Lu", "Lt") else "x")
            elif kind[0] == "N" and old.isdecimal():
                assert new == "9"
            else:
                assert new == old or new in "x9X"
                assert new == old if old.isascii() else True


@pytest.mark.parametrize("target", ["piriod", "dayzero"])
def test_the_bundle_of_a_pushed_run(target: str, shell: Shell, sandbox: Any, tmp_path: Path) -> None:
    """Names, ids, keys, secrets, workspace, address and file names are not in it; statuses, codes, versions, decisions are."""
    rows = [{**row, "metadata.Apodo": f"Confidencial{n}"} for n, row in enumerate(people(12))]
    rows[2]["Correo"], rows[3]["RUT"], rows[4]["Región"] = "nobody", "11.111.111-2", "Mordor"
    write_csv(tmp_path / "Clientes Acme SpA.csv", rows)
    running = sandbox()
    flags = ("--to", target, "--base-url", running.base_url, "--yes", "--rate", "0", "--default", "manager=Ana Soto")
    flags = flags if target == "piriod" else flags[:-2]
    ended = shell("run", "Clientes Acme SpA.csv", *flags, "--canary", "5", secrets=True)
    assert ended.code == 6, ended.err
    (ended.folder / "run.log").write_text(
        f"09:00 push began\n09:01 {rows[0]['Nombre']} ended in Clientes Acme SpA.csv\n"
    )
    said = shell("bundle", "latest", "-o", "b.zip")
    assert said.code == 0, said.err
    text = texts(tmp_path / "b.zip")
    ids = {c["id"] for c in running.customers(target)}
    keys = {r["_key"] for r in ended.results}
    secret = {*SECRETS.values(), running.base_url, "Acme", "Clientes", "Apodo", "Ana Soto", *ids, *keys, str(tmp_path)}
    kept = {"Chile", "Metropolitana"}  # words of the tool's own code lists are none of a customer
    for word in words(c for row in rows for c in row.values()) - kept | secret:
        assert word not in text.replace("(a line that holds a name of this run)", ""), word
    with zipfile.ZipFile(tmp_path / "b.zip") as file:
        about = json.loads(file.read("about.json"))
        lines = list(csv.DictReader(io.StringIO(file.read("rows.csv").decode())))
        found = list(csv.DictReader(io.StringIO(file.read("issues.csv").decode())))
    assert about["counts"] == ended.counts and about["rows"] == 12 and about["libraries"]["polars"]
    assert {(r["_row"], r["_status"]) for r in ended.results} == {(line["row"], line["status"]) for line in lines}
    assert {c for r in ended.results for c in r["_error_codes"].split(";") if c} <= {line["code"] for line in found}
    assert shell("bundle", "latest", "-o", "b.zip").code == 2
    assert shell("forget", "latest", "--yes", "--unfinished").code == 0
    assert shell("bundle", "latest", "-o", "c.zip").code == 2 and not (tmp_path / "c.zip").exists()


def test_a_folder_that_is_no_run_gives_no_bundle(tmp_path: Path, shell: Shell) -> None:
    """Exit 2, and no file."""
    assert shell("bundle", tmp_path, "-o", "b.zip").code == 2 and not (tmp_path / "b.zip").exists()
    assert RunFolder(tmp_path).path == tmp_path


def test_what_the_target_said_is_masked_too() -> None:
    """A refusal may repeat the cell: value, words and suggestion of every problem are masked, own fields are not named."""
    issue = {"field": "metadata.apodo", "column": "Apodo", "value": "Ñandú", "code": "target.rejected",
             "detail": "Ñandú 4711 is taken", "suggestion": "Ñandú 2"}  # fmt: skip
    table = pl.DataFrame(
        {"origin": [0], "row": [2], "issues": [[issue, {**issue, "field": "name", "column": "Nombre"}]]}
    )
    found = bundle._issues(table, {"headers": ["Nombre", "Apodo"]}, targets.load("piriod"))
    assert found["detail"].to_list() == ["Xxxxx 9999 xx xxxxx"] * 2 and found["suggestion"].to_list() == ["Xxxxx 9"] * 2
    assert found["field"].to_list() == ["(own)", "name"] and found["column"].to_list() == ["c1", "c0"]
    assert "and" not in found.write_csv() and "Apodo" not in found.write_csv()
