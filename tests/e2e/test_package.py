"""The distribution: what it holds, and that it works where nothing but its runtime dependencies is installed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from conftest import ROOT, Ended
from packaging.requirements import Requirement

GIVEN = ("pipeline", "samples", "templates", "pyproject.toml", "README.md", "LICENSE")
BUILD = "import sys, setuptools.build_meta as b; getattr(b, sys.argv[2])(sys.argv[1])"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The wheel and the source distribution, built as pip builds them from a clean copy."""
    source, out = tmp_path_factory.mktemp("clone"), tmp_path_factory.mktemp("dist")
    for name in GIVEN:
        if (path := ROOT / name).is_dir():
            shutil.copytree(path, source / name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc", ".*"))
        elif path.exists():
            shutil.copy(path, source / name)
    for step in ("build_wheel", "build_sdist"):
        ended = subprocess.run(
            [sys.executable, "-c", BUILD, str(out), step], cwd=source, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, ended.stderr
    return next(out.glob("*.whl")), next(out.glob("*.tar.gz"))


def files() -> set[str]:
    """Every file of the package that is no by-product."""
    found = (p for p in (ROOT / "pipeline").rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    return {p.relative_to(ROOT).as_posix() for p in found if not p.name.startswith(".")}


def test_wheel_and_source_distribution_hold_every_file(built: tuple[Path, Path]) -> None:
    """Nothing of the package is left out, and no test, run or cache is let in."""
    wheel, source = built
    with zipfile.ZipFile(wheel) as file:
        inside = {n for n in file.namelist() if ".dist-info/" not in n}
        metadata = next(n for n in file.namelist() if n.endswith(".dist-info/METADATA"))
        entry = file.read(metadata.replace("METADATA", "entry_points.txt")).decode()
    assert inside == files()
    assert "customer-import = pipeline.cli:main" in entry
    with tarfile.open(source) as archive:
        names = {n.partition("/")[2] for n in archive.getnames()}
    assert files() <= names and "pyproject.toml" in names
    assert not [n for n in inside | names if "__pycache__" in n or n.startswith(("tests/conftest", "runs/"))]


def runtime(wheel: Path) -> dict[str, Distribution]:
    """All distributions that a wheel needs at run time, without its extras."""
    found: dict[str, Distribution] = {}
    with zipfile.ZipFile(wheel) as file:
        metadata = file.read(next(n for n in file.namelist() if n.endswith(".dist-info/METADATA"))).decode()
    needs = [
        Requirement(line.partition(": ")[2]) for line in metadata.splitlines() if line.startswith("Requires-Dist: ")
    ]
    waiting = [(n.name, frozenset(n.extras)) for n in needs if n.marker is None or n.marker.evaluate({"extra": ""})]
    while waiting:
        name, extras = waiting.pop()
        key = re.sub(r"[-_.]+", "-", name).lower()
        if key in found and not extras:
            continue
        found[key] = distribution(name)
        for text in found[key].requires or []:
            needed = Requirement(text)
            if needed.marker is None or any(needed.marker.evaluate({"extra": e}) for e in ("", *extras)):
                waiting.append((needed.name, frozenset(needed.extras)))
    return found


@pytest.fixture(scope="module")
def clean(built: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new virtual environment that has the wheel, and of everything else the runtime dependencies alone."""
    home, site = tmp_path_factory.mktemp("venv"), tmp_path_factory.mktemp("site")
    for found in runtime(built[0]).values():
        for top in {Path(str(f)).parts[0] for f in found.files or []} - {"..", "__pycache__"}:
            if not (site / top).exists():
                (site / top).symlink_to(Path(str(found.locate_file(top))))
    venv.create(home, with_pip=False, symlinks=True)
    python = home / "bin" / "python"
    own = Path(
        subprocess.check_output(
            [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], text=True
        ).strip()
    )
    (own / "runtime.pth").write_text(f"{site}\n")
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", "--no-index", "--disable-pip-version-check",
         built[0]], check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    return home / "bin"


def ended(home: Path, clean: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """A command of the clean environment, in an empty folder, with an environment that has next to nothing."""
    env = {"HOME": str(home), "PATH": os.defpath, "LANG": "C.UTF-8"}
    return subprocess.run([clean / args[0], *args[1:]], cwd=home, env=env, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=120, check=False)  # fmt: skip


def test_the_main_job_works_with_runtime_dependencies_only(clean: Path, tmp_path: Path) -> None:
    """In an empty folder: a template, a workbook and a CSV file into both sandboxes, an error file back, a bundle."""
    for name in ("piriod-clientes.xlsx", "dayzero-clientes.csv"):
        shutil.copy(ROOT / "samples" / name, tmp_path)
    first = ended(
        tmp_path, clean, "customer-import", "run", "piriod-clientes.xlsx", "--to", "piriod", "--sandbox", "--out", "one"
    )
    assert first.returncode == 1 and "Traceback" not in first.stderr, first.stderr
    assert Ended(1, "", "", tmp_path / "one").counts["created"] > 20
    assert (tmp_path / "one" / "errors.xlsx").exists() and (tmp_path / "one" / "report.html").exists()
    second = ended(
        tmp_path,
        clean,
        "customer-import",
        "run",
        "dayzero-clientes.csv",
        "--to",
        "dayzero",
        "--sandbox",
        "--out",
        "two",
    )
    assert second.returncode in (0, 1) and Ended(1, "", "", tmp_path / "two").counts["created"] > 5, second.stderr
    back = ended(tmp_path, clean, "customer-import", "run", "one/errors.xlsx", "--dry-run")
    assert back.returncode == 1 and "Traceback" not in back.stderr, back.stderr
    for args in (("template", "piriod", "-o", "t.xlsx"), ("bundle", "one", "-o", "b.zip")):
        told = ended(tmp_path, clean, "customer-import", *args)
        assert told.returncode in (0, 1) and "Traceback" not in told.stderr, told.stderr
    code = "from pipeline import check; print(check('piriod-clientes.xlsx', to='piriod').counts)"
    assert "invalid" in ended(tmp_path, clean, "python", "-c", code).stdout


def test_without_an_extra_the_command_says_what_to_install(clean: Path, tmp_path: Path) -> None:
    """Login needs the keyring extra, which is not among the runtime dependencies: exit 2 and the command to type."""
    code = "import io, sys; sys.stdin = io.StringIO('tok\\nacc_1\\n'); from pipeline.cli import call; sys.exit(call(['login', 'piriod']))"
    told = ended(tmp_path, clean, "python", "-c", code)
    assert told.returncode == 2 and "pip install 'customer-import[keyring]'" in told.stderr, told.stderr


def test_every_module_can_be_imported_with_runtime_dependencies_only(clean: Path, tmp_path: Path) -> None:
    """No module of the package needs what only the tests have; and nothing but the sandbox's own opens a socket on import."""
    code = (
        "import pkgutil, importlib, pipeline\n"
        "names = [m.name for m in pkgutil.walk_packages(pipeline.__path__, 'pipeline.') if not m.name.endswith('__main__')]\n"
        "for name in names: importlib.import_module(name)\n"
        "print(len(names))"
    )
    told = ended(tmp_path, clean, "python", "-W", "error", "-c", code)
    assert told.returncode == 0 and int(told.stdout) > 100, told.stderr


def test_importing_the_package_is_cheap() -> None:
    """`import pipeline` loads neither polars nor pydantic nor httpx."""
    code = (
        "import sys, pipeline; print(sorted({'polars', 'pydantic', 'httpx', 'click', 'openpyxl'} & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
