"""A short list costs little: what no row of it needs is not loaded, and nobody is woken to help."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import people, write_csv

from pipeline.cli import memory
from pipeline.read.source import BOOKS

RUN = """
import sys
from pipeline import cli
cli.call(["run", sys.argv[1], "--to", sys.argv[2], "--offline", "--dry-run", "--quiet", "--out", sys.argv[3]])
from pipeline import targets
from pipeline.columns import listed
libraries = {"aiohttp", "anyio", "babel", "dotenv", "email_validator", "ftfy", "httpx", "keyring", "numpy", "openpyxl", "pyarrow",
             "pycountry", "python_calamine", "starlette", "tqdm", "uvicorn"}
print("loaded:", sorted(libraries & set(sys.modules)))
print("built:", targets.load(sys.argv[2]).record.__pydantic_complete__)
"""


@pytest.mark.parametrize("target", ["piriod", "dayzero"])
def test_a_short_list_loads_what_its_rows_need(tmp_path: Path, target: str) -> None:
    """Foreign letters, states and currencies of many countries need no library; the model of the target is not built."""
    rows = people(40)
    for number, row in enumerate(rows):
        row["Correo"] = f"muñoz{number}@empresa{number}.com.mx" if number % 3 else row["Correo"]
    source = write_csv(tmp_path / "clientes.csv", rows)
    command = [sys.executable, "-c", RUN, str(source), target, str(tmp_path / "run")]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    assert said.stdout.splitlines()[-2:] == ["loaded: []", "built: False"]
    assert (tmp_path / "run" / "results.csv").exists()


@pytest.mark.parametrize(
    ("sizes", "threads"),
    [
        ({"a.csv": 1_000}, "1"),
        ({"a.csv": memory.SHORT}, "1"),
        ({"a.csv": memory.SHORT + 1}, None),
        ({"a.csv": memory.SHORT // 2, "b.csv": memory.SHORT}, None),
        ({"a.xlsx": memory.SHORT // memory.PACKED}, "1"),
        ({"a.XLSX": memory.SHORT // 2}, None),
        ({"a.csv": None}, None),
        ({"-": None}, None),
    ],
)
def test_one_thread_where_all_is_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sizes: dict[str, int | None], threads: str | None
) -> None:
    """Of what cannot be measured nobody knows that it is short."""
    for name, size in sizes.items():
        if size is not None:
            (tmp_path / name).write_bytes(b"x" * size)
    monkeypatch.chdir(tmp_path)
    env: dict[str, str] = {}
    searches: list[int] = []
    monkeypatch.setattr(memory.os, "environ", env)
    monkeypatch.setattr(memory.gc, "set_threshold", lambda *steps: searches.append(steps[0]))
    memory.settle_for(sizes, BOOKS)
    assert env.get("POLARS_MAX_THREADS") == threads
    assert searches == [memory.RARELY] * bool(threads)


def test_what_the_environment_says_of_threads_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs it may know better."""
    (tmp_path / "a.csv").write_text("x")
    monkeypatch.setattr(memory.gc, "set_threshold", lambda *_: None)
    monkeypatch.setenv("POLARS_MAX_THREADS", "7")
    memory.settle_for([str(tmp_path / "a.csv")], BOOKS)
    assert memory.os.environ["POLARS_MAX_THREADS"] == "7"
