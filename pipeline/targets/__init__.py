"""Turn a target's name into the value that describes its API: one module of this package, or of another, for each.

A module here ends in one frozen `TARGET = Target(...)` and is found by walking the package. Other distributions add
targets by an entry point in the group `customer_import.targets`, whose name is the target's and whose value is such
a `TARGET`:

    [project.entry-points."customer_import.targets"]
    acme = "acme_target:TARGET"
"""

from __future__ import annotations

import pkgutil
from functools import cache, lru_cache
from importlib import import_module
from typing import TYPE_CHECKING

from pipeline.errors import Misuse
from pipeline.language import say
from pipeline.targets.interface import Target

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "customer_import.targets"
SHARED = ("interface", "called", "rest")
"""The modules of this package that are no targets, but what targets are made of."""


@lru_cache(maxsize=1)
def own() -> tuple[str, ...]:
    """The names of the targets of this package, in alphabetical order."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name not in SHARED))


@lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    """The names of all targets, in alphabetical order: ours, and those that other distributions add."""
    return tuple(sorted({*own(), *_added()}))


@cache
def load(name: str) -> Target:
    """The target called `name`; one of ours is never replaced by another of its name.

    Raises:
        Misuse: there is none of that name, or what a distribution adds under it is no target.
    """
    if name in own():
        target = import_module(f"{__name__}.{name}").TARGET
        assert isinstance(target, Target)
        return target
    if name not in _added():
        raise Misuse(
            say("there is no target {name!r}", name=name), say("Choose one of: {names}.", names=", ".join(names()))
        )
    return _loaded(_added()[name])


@lru_cache(maxsize=1)
def _added() -> dict[str, EntryPoint]:
    from importlib.metadata import entry_points  # takes longer than to check a short list

    return {point.name: point for point in entry_points(group=GROUP) if point.name not in own()}


def _loaded(point: EntryPoint) -> Target:
    """The target of another distribution.

    Raises:
        Misuse: it cannot be imported, is no target, or asks for the secrets of another target.
    """
    whose = {"name": point.name, "origin": point.dist.name if point.dist else point.value}
    uninstall = f"pip uninstall {point.dist.name if point.dist else '...'}"
    remedy = say("Mend or remove that distribution: {command}", command=uninstall)
    try:
        target = point.load()
    except Exception as error:  # a stranger's module may fail in any way
        why = f"{type(error).__name__}: {error}"
        raise Misuse(
            say("the target {name!r} of {origin} cannot be loaded: {why}", **whose, why=why), remedy
        ) from error
    if not isinstance(target, Target) or target.name != point.name:
        message = say("the target {name!r} of {origin} is no pipeline.targets.interface.Target of that name", **whose)
        raise Misuse(message, remedy)
    taken = {s.variable for name in own() for s in load(name).secrets} & {s.variable for s in target.secrets}
    if taken:
        message = say(
            "the target {name!r} of {origin} asks for the secrets of another target: {secrets}",
            **whose,
            secrets=", ".join(sorted(taken)),
        )
        raise Misuse(message, remedy)
    if target.workspace not in {s.variable for s in target.secrets}:
        message = say(
            "the target {name!r} of {origin} names its workspace {workspace!r}, which is none of its secrets",
            **whose,
            workspace=target.workspace,
        )
        raise Misuse(message, remedy)
    return target
