"""What many tests share: the command line as a real process, and the sandbox as a real server."""

from __future__ import annotations

import csv
import gc
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import warm_start

import pipeline.columns.plans  # noqa: F401 - columns of phones are judged as in long lists, which load it

# What is asserted is English, whatever the developer's own locale is.
for _name in ("LC_ALL", "LC_MESSAGES", "LC_NUMERIC", "LANGUAGE", "CUSTOMER_IMPORT_LANG"):
    os.environ.pop(_name, None)
os.environ["LANG"] = "C.UTF-8"

# Small frames are many here, and the cores are shared: one thread computes them in less time than two. Commands have all.
os.environ.setdefault("POLARS_MAX_THREADS", "1")

# Processes that tests start keep their compiled modules, as a user's do: a command starts in half the time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# A job in the background of a shell ignores Ctrl-C, and so would every command that a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN and threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).parents[1]
SECRETS = {"PIRIOD_API_TOKEN": "tok-piriod", "PIRIOD_WORKSPACE": "acc_1", "DAYZERO_API_TOKEN": "dz_1",
           "DAYZERO_BUSINESS_ID": "0198c0de-0000-7000-8000-000000000001"}  # fmt: skip


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let every worker begin with its share of the longest tests, so that none of them is the last one to end."""
    count = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    slow = [item for item in items if item.get_closest_marker("slow")]
    rest = [item for item in items if not item.get_closest_marker("slow")]
    items[:] = [item for at in range(count) for part in (slow[at::count], _part(rest, at, count)) for item in part]


def _part(items: list[pytest.Item], at: int, count: int) -> list[pytest.Item]:
    """The neighbours of one worker; all shares differ by one at most."""
    return items[len(items) * at // count : len(items) * (at + 1) // count]


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: no search for garbage needs to walk through it."""
    gc.collect()
    gc.freeze()


@dataclass(frozen=True)
class Ended:
    """A finished command: exit code, both outputs, and the run folder it made."""

    code: int
    out: str
    err: str
    folder: Path

    @property
    def results(self) -> list[dict[str, str]]:
        """The lines of results.csv, by column."""
        with (self.folder / "results.csv").open(encoding="utf-8-sig", newline="") as file:
            text = file.read()
        delimiter = max(",;\t", key=text.split("\n", 1)[0].count)
        return list(csv.DictReader(text.splitlines(keepends=True), delimiter=delimiter))

    @property
    def summary(self) -> dict[str, Any]:
        """summary.json."""
        found: dict[str, Any] = json.loads((self.folder / "summary.json").read_text(encoding="utf-8"))
        return found

    @property
    def counts(self) -> dict[str, int]:
        """The rows by status, zeros left out."""
        return {name: count for name, count in self.summary["counts"].items() if count}


class Shell:
    """Runs `customer-import` in a folder of its own, with an environment of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        own = ("PIRIOD_", "DAYZERO_", "CUSTOMER_IMPORT_", "POLARS_MAX_THREADS")
        kept = {n: v for n, v in os.environ.items() if not n.startswith(own)}
        caches = {"XDG_CACHE_HOME": str(home / "cache"), "XDG_STATE_HOME": str(home / "state"), "HOME": str(home)}
        self.env = {**kept, **caches, "PYTHONUTF8": "1"}

    def start(self, *args: object, secrets: bool = False, **env: str) -> subprocess.Popen[str]:
        """Start the command and return its process."""
        environment = {**self.env, **(SECRETS if secrets else {}), **env}
        if warm_start.possible(environment):
            return warm_start.Command([*map(str, args)], str(self.home), environment)
        return subprocess.Popen([sys.executable, "-m", "pipeline", *map(str, args)], cwd=self.home, env=environment,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # fmt: skip

    def __call__(self, *args: object, secrets: bool = False, **env: str) -> Ended:
        """Run the command to its end; `--out` names the run folder, else the newest one of runs/ is taken."""
        process = self.start(*args, secrets=secrets, **env)
        out, err = process.communicate(timeout=180)
        texts = list(map(str, args))
        if "--out" in texts:
            folder = self.home / texts[texts.index("--out") + 1]
        else:
            found = sorted((self.home / "runs").glob("*/plan.json"), key=lambda p: p.stat().st_mtime)
            folder = found[-1].parent if found else self.home / "none"
        return Ended(process.returncode, out, err, folder)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """The command line in an empty folder."""
    return Shell(tmp_path)


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Any]:
    """Start sandboxes with the settings a test wants; all are stopped at its end."""
    from contextlib import ExitStack

    from pipeline.sandbox import Settings, serve

    with ExitStack() as stack:
        yield lambda **knobs: stack.enter_context(serve(Settings(**knobs)))


def rut(number: int) -> str:
    """A valid Chilean tax id with this number (check digit by the authority's modulo 11)."""
    total = sum(int(d) * (2 + i % 6) for i, d in enumerate(reversed(str(number))))
    digit = (11 - total % 11) % 11
    return f"{number}-{'K' if digit == 10 else digit}"


def people(count: int, start: int = 76_000_000) -> list[dict[str, str]]:
    """Invented, valid customers, good for both targets."""
    return [
        {"Nombre": f"Comercial Ñandú {i} SpA", "RUT": rut(start + i), "Dirección": f"Av. Siempre Viva {i}",
         "País": "Chile", "Región": "Metropolitana", "Correo": f"pagos{i}@nandu{start}.example", "Teléfono": f"+56 9 5{i:07}"}
        for i in range(count)
    ]  # fmt: skip


def write_csv(path: Path, rows: list[dict[str, str]], delimiter: str = ",", encoding: str = "utf-8") -> Path:
    """Write rows as a CSV file."""
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
    return path
