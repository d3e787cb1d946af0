"""Turn the code into the texts that a person would read in English whatever language was chosen.

A text is said where it stands in a call of `say`, `say_n`, `later` or `later_n`. What is looked at: everything that is
handed to a function that shows it, or to an exception that ends a command; and in the command line every literal that
reads like a sentence, for what is shown there is often put together before.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from language.catalogue import PACKAGE, SAYING

SHOWING = {"talk", "put", "put_cut", "agrees", "tell"}
"""Functions whose texts a person reads."""
SPEAKING = {"say", "note", "begin", "echo", "confirm", "prompt", "secho", "style", "fail", "wrap"}
"""Methods whose texts a person reads, as those of a progress bar."""
THROUGH = {"join", "str", "cut", "shown", "pad", "capitalize", "rstrip", "strip"}
"""Functions whose answer is the text that they are given."""
STOPPING = {"Stop", "Misuse", "Unreadable", "TooManyErrors", "Unavailable", "CanaryDone", "BrokenInvariant", "Interrupted",
            "UsageError", "BadParameter", "ClickException"}  # fmt: skip
WORDS = re.compile(r"[A-Za-z]{2,},? [a-z]{2,}|^[a-z ]*[a-z]{3,} $|^ ?[a-z]{3,}[a-z :,]*$")
SENTENCE = re.compile(r"[A-Za-z']{2,}[,:;]? \(?[a-z]{2,}")
COMMAND = re.compile(r"^\s*customer-import( |$)")


def unsaid(path: Path) -> list[str]:
    """`line: text` of each text of a module that is shown and not said."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = {(node.lineno, text) for call in _shown(tree) for node, text in _texts(call, WORDS)}
    if path.is_relative_to(PACKAGE / "cli"):
        found |= {(node.lineno, text) for part in _undecorated(tree) for node, text in _texts(part, SENTENCE)}
    return [f"{line}: {text}" for line, text in sorted(found)]


def _shown(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            method = isinstance(node.func, ast.Attribute)
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in STOPPING or name in (SPEAKING if method else SHOWING):
                yield from node.args[: 1 if name in ("style", "begin") else None]
                yield from (k.value for k in node.keywords)


def _undecorated(node: ast.AST) -> Iterator[ast.AST]:
    """What is in the bodies: no docstring, no decorator (help is collected from the commands)."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.ClassDef):
            for part in child.body:
                yield from _undecorated_one(part)
        else:
            yield from _undecorated_one(child)


def _undecorated_one(part: ast.AST) -> Iterator[ast.AST]:
    if isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant):
        return
    if isinstance(part, ast.FunctionDef | ast.ClassDef):
        yield from _undecorated(part)
    else:
        yield part


def _texts(node: ast.AST, wanted: re.Pattern[str]) -> Iterator[tuple[ast.Constant, str]]:
    """The literals in an expression that read like words, save those that are said and those that are commands."""
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if isinstance(node.func, ast.Name) and name in SAYING:
            for part in node.keywords:
                yield from _texts(part.value, wanted)
            return
        if name not in THROUGH:
            return
    if isinstance(node, ast.Subscript | ast.Compare):  # keys and tests, not texts
        return
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str) and wanted.search(node.value) and not COMMAND.match(node.value):
            yield node, node.value
        return
    for child in ast.iter_child_nodes(node):
        yield from _texts(child, wanted)


def modules() -> list[Path]:
    """Every module of the package."""
    return sorted(PACKAGE.rglob("*.py"))


if __name__ == "__main__":
    for module in modules():
        for line in unsaid(module):
            print(f"{module.relative_to(PACKAGE)}:{line}")
