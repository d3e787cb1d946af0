"""The process that opens workbooks runs our code and the libraries', whatever else lies in the folder where one works."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import polars
import pytest
from conftest import ROOT

SCRIPT = "from pipeline import check; print(check('list.xlsx', to='piriod').counts)"


@pytest.mark.parametrize("name", ["json", "csv", "polars", "typing"])
def test_scripts_beside_the_list_are_not_run(name: str, tmp_path: Path) -> None:
    """A folder with a script of its own that is called like a module: the workbook is read, and the script is not run."""
    (tmp_path / f"{name}.py").write_text("open('run', 'w').close()\nraise RuntimeError('a script of mine')\n")
    (tmp_path / "list.xlsx").write_bytes((ROOT / "samples" / "piriod-clientes.xlsx").read_bytes())
    # As the installed command starts: its own folder, and not the one where one works, is looked at for modules.
    ended = subprocess.run([sys.executable, "-P", "-c", SCRIPT], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
                           check=False, capture_output=True, text=True)  # fmt: skip
    assert "'ready': 31" in ended.stdout, ended.stderr
    assert not (tmp_path / "run").exists()


def test_where_python_finds_the_package_in_the_working_folder_the_child_does_too() -> None:
    """A clone that is not installed, at Python's prompt: the folder where one works is on its path, as a blank entry."""
    script = SCRIPT.replace("list.xlsx", "samples/piriod-clientes.xlsx")
    python = sys._base_executable  # type: ignore[attr-defined]  # without what is installed beside this one
    libraries = str(Path(polars.__file__).parents[1])
    ended = subprocess.run([python, "-c", script], cwd=ROOT, env={**os.environ, "PYTHONPATH": libraries}, check=False,
                           capture_output=True, text=True)  # fmt: skip
    assert "'ready': 31" in ended.stdout, ended.stderr
