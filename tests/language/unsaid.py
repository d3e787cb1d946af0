"""Turn the code into the texts that a person would read in English whatever language was chosen.

A text is said where it stands in a call of `say`, `say_n`, `later` or `later_n`. What is looked at: everything that is
handed to a function that shows it, or to an exception that ends a command, directly or by a name that the function gives
to it; and in the command line every literal that reads like a sentence, for what is shown there is often put together
before.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from language.catalogue import PACKAGE, SAYING

SHOWING = {"talk", "put", "put_cut", "agrees", "tell"}
"""Functions whose texts a person reads."""
SPEAKING = {"say", "begin", "echo", "confirm", "prompt", "secho", "style", "fail", "wrap"}
"""Methods whose texts a person reads, as those of a progress bar; `note` too, where it is a bar's."""
BARS = {"bar", "progress", "_bar", "_progress", "told"}
STOPPING = {"Stop", "Misuse", "Unreadable", "TooManyErrors", "Unavailable", "CanaryDone", "BrokenInvariant", "Interrupted",
            "UsageError", "BadParameter", "ClickException"}  # fmt: skip
THROUGH = {"join", "str", "cut", "shown", "pad", "capitalize", "rstrip", "strip"}
"""Functions whose answer is the text that they are given."""
WHOLE = re.compile(r"[A-Za-z]{3,}")
PART = re.compile(r"[A-Za-z]{2,},? [a-z]{2,}|(^| )[a-z]{2,} $|^ [a-z]{2,}")
SENTENCE = re.compile(r"[A-Za-z']{2,}[,:;]? \(?[a-z]{2,}")
COMMAND = re.compile(r"^\s*(customer-import|pip install)( |$)|^[\b]")
"""Commands to type; and blocks of help with such, which are collected from the commands."""


def unsaid(path: Path) -> list[str]:
    """`line: text` of each text of a module that is shown and not said."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    own = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    found = {(node.lineno, text) for part in _shown(tree, own) for node, text in _texts(part, WHOLE)}
    if path.is_relative_to(PACKAGE / "cli"):
        found |= {(node.lineno, text) for part in _undecorated(tree) for node, text in _texts(part, SENTENCE)}
    return [f"{line}: {text}" for line, text in sorted(found)]


def _shown(tree: ast.AST, own: set[str]) -> Iterator[ast.AST]:
    """What is handed to whatever shows it; `own` are functions of the module, which may bear such a name by chance."""
    scopes = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    for scope in (tree, *scopes):
        named = _named(scope) if scope is not tree else {}
        for node in ast.walk(scope):
            if isinstance(node, ast.Call) and _shows(node.func, own):
                for part in [*node.args[: _most(node.func)], *(k.value for k in node.keywords)]:
                    yield part
                    yield from named.get(part.id, []) if isinstance(part, ast.Name) else []


def _named(scope: ast.AST) -> dict[str, list[ast.AST]]:
    """What a function gives a name to."""
    found: dict[str, list[ast.AST]] = {}
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    found.setdefault(target.id, []).append(node.value)
    return found


def _shows(function: ast.expr, own: set[str]) -> bool:
    name = _name(function)
    if not isinstance(function, ast.Attribute):
        return name in STOPPING or (name in SHOWING and name not in own)
    return name in SPEAKING or (name == "note" and _name(function.value) in BARS)


def _most(function: ast.expr) -> int | None:
    """How many arguments are texts."""
    return 1 if _name(function) in ("style", "begin") else None


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _undecorated(node: ast.AST) -> Iterator[ast.AST]:
    """What is in the bodies: no docstring, no decorator (help is collected from the commands)."""
    for part in getattr(node, "body", []):
        if isinstance(part, ast.FunctionDef | ast.ClassDef):
            yield from _undecorated(part)
        elif not (isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant)):
            yield part


def _texts(node: ast.AST, wanted: re.Pattern[str]) -> Iterator[tuple[ast.Constant, str]]:
    """The literals in an expression that read like words, save those that are said and those that are commands."""
    if isinstance(node, ast.Call):
        if _name(node.func) in SAYING and isinstance(node.func, ast.Name):
            for part in node.keywords:
                yield from _texts(part.value, PART)
            return
        if _name(node.func) not in THROUGH:
            return
    if isinstance(node, ast.Subscript | ast.Compare):  # keys and tests, not texts
        return
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str) and wanted.search(node.value) and not COMMAND.match(node.value):
            yield node, node.value
        return
    inside = PART if wanted is WHOLE else wanted
    for child in ast.iter_child_nodes(node):
        yield from _texts(child, inside)


def modules() -> list[Path]:
    """Every module of the package."""
    return sorted(PACKAGE.rglob("*.py"))


if __name__ == "__main__":
    for module in modules():
        for line in unsaid(module):
            print(f"{module.relative_to(PACKAGE)}:{line}")
