"""The import rule of the house, and the size of its rooms."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from pipeline.targets import SHARED

ROOT = Path(__file__).parents[1] / "pipeline"
LEVELS = [
    {"cli", "api"},
    {"undo", "review"},
    {"run"},
    {"sending", "reporting"},
    {"rounds"},
    {"prepare"},
    {"judging", "constants"},
    {"survey", "findings", "request", "asking"},
    {"sources"},
    {"roundtrip", "latest", "forget", "bundle", "fitting", "typed", "accounts"},
    {"read", "mapping", "normalise", "validate", "plan", "push", "report", "template", "sandbox", "outcomes"},
    {"existing", "watch"},
    {"client", "lookups", "journal", "changes", "identity", "store", "options"},
    {"pace", "folder", "locks", "unfinished"},
    {"targets"},
    {"columns"},
    {"handoff", "taxids"},
    {"schema"},
    {"loopback"},
    {"documents", "issues", "errors", "progress", "ahead", "parquet", "inflate", "shellwords", "wire", "received",
     "spreadsheet", "sparse"},
    {"language"},
]  # fmt: skip
LEVEL = {name: number for number, names in enumerate(LEVELS) for name in names}
STAGES = next(names for names in LEVELS if "read" in names)
MODULES = sorted(p for p in ROOT.rglob("*.py"))
# The cage starts a child process, which needs the environment to start and has an exit code of its own.
CAGE = {ROOT / "read" / "cage.py", ROOT / "read" / "inside.py"}


def part(name: str) -> str:
    return name.split(".")[1] if name.count(".") else ""


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return {name for name in found if name.startswith("pipeline.")}


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_downwards_only(path: Path) -> None:
    """No module imports from a level above its own, and no stage or target imports its neighbour."""
    here = path.relative_to(ROOT).with_suffix("").parts[0]
    if here in ("__init__", "__main__"):
        return
    for name in imports(path):
        there = part(name)
        if there not in LEVEL or there == here:
            continue
        assert LEVEL[here] <= LEVEL[there], f"{path.name} ({here}) imports {name}"
        if here in STAGES:
            assert there not in STAGES or there == "outcomes", f"stage {here} imports stage {there}"


def test_every_module_has_its_level() -> None:
    """A new module at the top must be given its place."""
    names = {
        p.stem if p.is_file() else p.name for p in ROOT.iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()
    }
    assert names - set(LEVEL) == {"__init__", "__main__"}


def test_targets_do_not_import_each_other() -> None:
    """A target is one file that knows nothing of the others."""
    for path in (ROOT / "targets").glob("*.py"):
        others = {p.stem for p in (ROOT / "targets").glob("*.py")} - {path.stem, *SHARED, "__init__"}
        assert not {name.split(".")[-1] for name in imports(path)} & others or path.stem == "__init__"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_modules_open_with_a_sentence_and_stay_short(path: Path) -> None:
    """Every module says what it is, and none grows past 400 lines."""
    text = path.read_text(encoding="utf-8")
    said = ast.get_docstring(ast.parse(text))
    assert (said and said.split("\n")[0].rstrip().endswith((".", ":", ",", ";"))) or (
        said and len(said.split("\n")[0]) > 30
    )
    assert len(text.splitlines()) <= 400


@pytest.mark.parametrize(
    "path",
    [p for p in MODULES if p.relative_to(ROOT).parts[0] != "cli" and p not in CAGE],
    ids=lambda p: str(p.relative_to(ROOT)),
)
def test_only_the_cli_prints_exits_and_reads_the_environment(path: Path) -> None:
    """The rest can be used as a library."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in ("print", "exit", "quit", "input")
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert (node.value.id, node.attr) not in {("os", "environ"), ("os", "getenv"), ("sys", "exit")}
