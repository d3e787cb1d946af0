"""Turn a target's name into the value that describes its API: one module of this package for each.

A module here ends in one frozen `TARGET = Target(...)` and is found by walking the package.
"""

from __future__ import annotations

import pkgutil
from functools import lru_cache
from importlib import import_module

from pipeline.errors import Misuse
from pipeline.targets.interface import Target


@lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    """The names of all targets, in alphabetical order."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name != "interface"))


def load(name: str) -> Target:
    """The target called `name`.

    Raises:
        Misuse: there is none of that name.
    """
    if name not in names():
        raise Misuse(f"there is no target {name!r}", f"Choose one of: {', '.join(names())}.")
    target = import_module(f"{__name__}.{name}").TARGET
    assert isinstance(target, Target)
    return target
