"""What only the whole file can tell is told, whether or not the file was read for it beforehand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline import cli

LATE = 45_000
"""Rows before the one that tells: more than two batches."""


def planned(folder: Path, text: str, *flags: str) -> tuple[int, dict[str, object]]:
    """The exit code and plan.json of a dry run of a list."""
    path, out = folder / "clientes.csv", folder / "run"
    path.write_text(text, encoding="utf-8")
    code = cli.call(["run", str(path), "--dry-run", "--offline", "--quiet", "--out", str(out), *flags])
    return code, json.loads((out / "plan.json").read_text()) if (out / "plan.json").exists() else {}


def test_the_countries_of_the_last_batch_are_known(tmp_path: Path) -> None:
    """plan.json names the countries of all rows: a push asks for their states."""
    rows = [f"Ana {n};Chile;Calle {n};RM" for n in range(LATE)] + ["Bob;Perú;Calle 1;Lima", "Eva;Atlántida;Calle 2;x"]
    _, plan = planned(tmp_path, "Nombre;País;Dirección;Región\n" + "\n".join(rows), "--to", "piriod")
    assert plan["countries"] == ["CL", "PE"]


def test_the_country_that_is_set_is_known(tmp_path: Path) -> None:
    """A constant feeds the country as a column does."""
    _, plan = planned(
        tmp_path, "Nombre;Dirección;Estado\nAna;Calle 1;Jalisco\n", "--to", "piriod", "--set", "country=MX"
    )
    assert plan["countries"] == ["MX"]


@pytest.mark.parametrize(("last", "mark"), [("12,50", ","), ("12.50", ".")])
def test_the_last_amount_decides_for_the_first(tmp_path: Path, last: str, mark: str) -> None:
    """1.234 has two readings; one amount at the end of the file settles them all, before any is read."""
    sign = "." if mark == "," else ","
    rows = [f"Ana {n};ana{n}@example.com;1{sign}234;USD" for n in range(LATE)] + [f"Bob;bob@example.com;{last};USD"]
    text = "Nombre;Correo;Límite de crédito;Moneda\n" + "\n".join(rows)
    _, plan = planned(tmp_path, text, "--to", "dayzero", "--set", "country=CL")
    assert plan["settings"]["decimal"] == {"credit_limit_cents": mark}  # type: ignore[index]
    assert plan["countries"] == ["CL"]
