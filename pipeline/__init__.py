"""Turn a customer list in a spreadsheet into customers in a billing system: never twice, never lost.

    source file ──read──▶ Sheet ──mapping──▶ Mapping ──normalise──▶ Clean ──validate──▶ Checked ──plan──▶ plan.parquet
                                                                                                              │
    results.csv errors.csv report.html ◀──report── outcomes ◀──journal.db── push ◀── the same plan, now or tomorrow

A spreadsheet flows downwards through the stages in bounded batches of text columns; every stage hands the
next one immutable values (`handoff`); problems travel as rows of a table beside the data (`issues`).

The import rule: `cli`, `api` → `run` → the stages → `client`, `lookups`, `journal`, `pace`, `targets` → `handoff`,
`schema` → `columns`, `taxids` → `issues`, `errors`, `progress`. Imports go downwards only; stages never
import each other, nor do targets. Only `cli` talks to a person, only `client` talks to a network.

From Python: `from pipeline import account, check, plan, push`; see `pipeline.api`. What is in `__all__` keeps its name
and meaning within a major version; it is imported when it is first used, so that `import pipeline` stays cheap.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.api import Findings, Pushed, RowOutcome, Server, account, check, embedded, outcome, plan, push
    from pipeline.errors import (
        BrokenInvariant,
        CanaryDone,
        Interrupted,
        Misuse,
        Stop,
        TooManyErrors,
        Unavailable,
        Unreadable,
    )

__all__ = [
    "BrokenInvariant",
    "CanaryDone",
    "Findings",
    "Interrupted",
    "Misuse",
    "Pushed",
    "RowOutcome",
    "Server",
    "Stop",
    "TooManyErrors",
    "Unavailable",
    "Unreadable",
    "account",
    "check",
    "embedded",
    "outcome",
    "plan",
    "push",
]
_ERRORS = frozenset(name for name in __all__ if name[0].isupper()) - {"Findings", "Pushed", "RowOutcome", "Server"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'pipeline' has no attribute {name!r}")
    return getattr(import_module("pipeline.errors" if name in _ERRORS else "pipeline.api"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _Package(ModuleType):
    """This package, where `plan` and `push` are the functions, although stages of the same names lie in it.

    The import system binds a submodule to its package once it is loaded; these two bindings are not taken.
    `from pipeline.push import ...` finds the stage all the same.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in ("plan", "push") and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
