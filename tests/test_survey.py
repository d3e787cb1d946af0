"""What only the whole file can tell is told, whether or not the file was read for it beforehand."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
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


MONEY = "Nombre;Correo;Límite de crédito;Moneda\n"


def listed(amounts: list[str]) -> str:
    """A list of one customer for each amount."""
    return MONEY + "\n".join(f"Ana {n};ana{n}@example.com;{amount};USD" for n, amount in enumerate(amounts))


def sent(folder: Path) -> list[object]:
    """The amounts that would be sent, in cents, row by row."""
    payloads = pl.read_parquet(folder / "run" / "plan.parquet")["payload"]
    return [json.loads(p).get("credit_limit_cents") if p else None for p in payloads]


@pytest.mark.parametrize("late", ["9.876.543,21", "12.50"])
def test_what_the_first_rows_tell_is_held_against_the_last_one(tmp_path: Path, late: str) -> None:
    """The first rows tell the comma; where the last one tells the point, each amount is read by itself, as if all were known."""
    _, plan = planned(tmp_path, listed(["12,50"] * LATE + [late]), "--to", "dayzero", "--set", "country=CL")
    marks = {"credit_limit_cents": ","} if "," in late else {}
    assert plan["settings"]["decimal"] == marks  # type: ignore[index]
    assert sent(tmp_path) == [1250] * LATE + [987654321 if marks else 1250]
    assert plan["rows"] == LATE + 1


def test_amounts_that_contradict_the_first_rows_at_the_end_are_asked_about(tmp_path: Path) -> None:
    """Comma, then point, then one that may be either: nothing is planned, as if all had been known from the start."""
    text = listed(["12,50"] * LATE + ["12.50", "1.234"])
    code, plan = planned(tmp_path, text, "--to", "dayzero", "--set", "country=CL")
    assert code == 3 and not plan
