"""Turn a command that could not be carried out into the one that was probably meant, to be typed next.

Nothing here decides what is wrong: it holds the words against what there is (targets, runs, files, profiles) and against
what fits together, and changes only what cannot be right. What says which data go where (a target, a profile, a
mapping, a constant) is never left out and never invented: a command in which nothing else is wrong stays as it was typed.
What a single value was meant to be, `likely` says.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from functools import partial
from importlib import import_module
from pathlib import Path, PurePath

import click

from pipeline.cli import complete, configuration, likely, variables
from pipeline.errors import Stop
from pipeline.language import say

WITH_RUN = ("push", "status", "review", "undo", "forget", "bundle")
WITH_TARGET = ("template", "targets", "login", "logout")
SHAPES = {
    "--rate": (r"\d+(\.\d+)?(/(s|sec|min|m|h))?", "10/s"),
    "--max-errors": (r"\d+|\d+(\.\d+)?%", "5%"),
    "--set": (r"[^=\s]+=.*", "FIELD=VALUE"),
    "--default": (r"[^=\s]+=.*", "FIELD=VALUE"),
    "--map": (r".+=.*", "SOURCE HEADER=field"),
}
"""Flag -> the shape of its value, and an example."""
APART = (
    ("--offline", "--sandbox"),
    ("--offline", "--once"),
    ("--quiet", "--verbose"),
    ("--quiet", "-v"),
    ("--sandbox", "--base-url"),
)
"""Flags that exclude each other: the second one is left out."""
HARMLESS = ("status", "review", "bundle")
"""Commands for a run that change nothing at the target, and remove nothing."""


def _new() -> list[str]:
    """What makes a run where there is none."""
    return ["run", say("FILE"), "--to", say("TARGET")]


def meant(words: Sequence[str]) -> list[str]:
    """The words as they were probably meant; unchanged where nothing in them is plainly wrong."""
    found = _command_first(words)
    if not found:
        return found
    for rule in (_values, _apart, _needs, _names, _places):
        try:
            rule(found)
        except (Stop, OSError, ImportError):  # what cannot be looked up is not corrected
            continue
    return found


def each(words: Sequence[str]) -> list[list[str]]:
    """The words as they were probably meant: once for each target where it is not said which one."""
    from pipeline import targets

    found = meant(words)
    if found[:1] != ["run"] or found == _new():
        return [found]
    said, at = _of(found, "--to"), _named(found)
    profile: list[str | None] = [os.environ.get(f"{variables.PREFIX}PROFILE"), *_of(found, "--profile")]
    configured = not said and (f"{variables.PREFIX}TO" in os.environ or "to" in configuration.load(profile[-1]).values)
    known = at is not None and _is_ours(Path(found[at]))  # an error file knows where its run went
    if configured or (known and not said) or (said and said[-1] in targets.names()):
        return [found]
    return [with_flag(found, "--to", name) for name in targets.names()]


def _is_ours(path: Path) -> bool:
    from pipeline import rounds

    return (path.parent / "plan.json").exists() or rounds.may_be_ours(path) or rounds.lost_its_mark(path)


def with_flag(words: Sequence[str], flag: str, value: str) -> list[str]:
    """The words with that value of a flag, in place of another one that was said."""
    found = _command_first(words)
    if flag in found[:-1]:
        _leave(found, flag)
    return [*(word for word in found if not word.startswith(f"{flag}=")), flag, value]


def _command_first(words: Sequence[str]) -> list[str]:
    """The words with the language behind the command, where each command takes it too."""
    before = 2 if list(words[:1]) == ["--lang"] else 1 if words and words[0].startswith("--lang=") else 0
    return [*words[before:], *words[:before]] if len(words) > before else list(words)


def _values(words: list[str]) -> None:
    """Values of flags that have no shape at all."""
    for flag, (shape, example) in SHAPES.items():
        _change(words, flag, partial(likely.shaped, shape=shape, example=example))
    _change(words, "--account-country", likely.country)


def _apart(words: list[str]) -> None:
    """Flags that exclude each other."""
    for kept, left in APART:
        if kept in words and left in words:
            _leave(words, left)


def _needs(words: list[str]) -> None:
    """Flags that another one needs."""
    if "--offline" in words and "--dry-run" not in words:
        words.append("--dry-run")


def _names(words: list[str]) -> None:
    """Names of targets, presets and profiles."""
    from pipeline import targets

    known = targets.names()
    _change(words, "--to", partial(likely.near, known=known))
    if words[0] in WITH_TARGET and len(words) > 1 and not words[1].startswith("-"):
        words[1] = likely.near(words[1], known, known[-1])
    if words[0] == "targets" and len(words) > 1 and "--check" in words and words[1].startswith("-"):
        words.insert(1, known[-1])
    for flag, names in (("--preset", complete.preset_names()), ("--profile", configuration.profiles())):
        _change(words, flag, partial(likely.near, known=names))
    to = _of(words, "--to")
    if "--test-mode" in words and to and not targets.load(to[-1]).has_test_mode:
        _leave(words, "--test-mode")


def _places(words: list[str]) -> None:
    """Files, and folders of runs."""
    at = _named(words)
    if words[0] in WITH_RUN:
        _run(words, at)
    if words[0] in ("run", "inspect") and at is not None:
        words[at] = likely.near_file(words[at])
    for flag in ("--mapping", "--states"):
        _change(words, flag, likely.near_file)
    _change(words, "--encoding", likely.encoding)
    _change(words, "--base-url", likely.https)
    if at is None or not _is_ours(Path(words[at])):  # that of an error file is its run's
        _change(words, "--out", likely.new_folder)
    _change(words, "--save", lambda name: likely.unused(Path(name)))
    if words[0] in ("template", "bundle"):
        for flag in ("-o", "--output"):
            _change(
                words,
                flag,
                lambda name: likely.unused(Path(name)) if words[0] == "bundle" else likely.unused(_sheet(Path(name))),
            )


def _run(words: list[str], at: int | None) -> None:
    """The folder of a run: one of a similar name, else a look at the newest one, else the command that makes one."""
    runs = [path.parent.as_posix() for path in Path("runs").glob("*/plan.json")]
    name = words[at] if at is not None else "latest"
    if name == "latest" and runs:
        return
    plan = Path(name) / "plan.json"
    if plan.is_file():
        try:
            facts = json.loads(plan.read_text(encoding="utf-8"))
        except ValueError:
            words[:] = _new()
            return
        _change(words, "--base-url", lambda said: facts.get("base_url") or said)
        if facts.get("forgotten") and words[0] not in ("status", "forget"):
            words[:] = ["status", name]
        return
    by_name = {PurePath(run).name: run for run in runs}
    near = get_close_matches(PurePath(name).name, by_name, 1, likely.ALIKE)
    if not runs:
        words[:] = _new()
    elif near and at is not None and words[0] in HARMLESS:
        words[at] = by_name[near[0]]
    else:  # which run it is must be seen before anything is sent, put back or removed
        words[:] = ["status", by_name[near[0]] if near else "latest"]


def _named(words: list[str]) -> int | None:
    """Where the first word stands that is neither a flag nor a flag's value."""
    valued = _valued(words[0])
    return next(
        (n for n, word in enumerate(words[1:], 1) if not word.startswith("-") and words[n - 1] not in valued), None
    )


def _valued(command: str) -> set[str]:
    """The flags of a command that have a value."""
    params = import_module(f"pipeline.cli.{command}").command.params
    return {
        "--lang",
        "--profile",
        *(flag for p in params if isinstance(p, click.Option) and not p.is_flag for flag in p.opts),
    }


def _change(words: list[str], flag: str, change: Callable[[str], str]) -> None:
    """Change the values of a flag, `--flag value` and `--flag=value` alike."""
    for at, word in enumerate(words):
        if word == flag and at + 1 < len(words):
            words[at + 1] = change(words[at + 1])
        elif word.startswith(f"{flag}=") and flag.startswith("--"):
            words[at] = f"{flag}={change(word.removeprefix(f'{flag}='))}"


def _of(words: list[str], flag: str) -> list[str]:
    """The values of a flag."""
    found: list[str] = []
    _change(words, flag, lambda value: found.append(value) or value)  # type: ignore[func-returns-value]
    return found


def _leave(words: list[str], flag: str) -> None:
    """Leave a flag out, with its value."""
    at = words.index(flag)
    del words[at : at + (2 if flag in _valued(words[0]) else 1)]


def _sheet(path: Path) -> Path:
    return path if path.suffix.lower() in (".xlsx", ".csv") else path.with_suffix(".xlsx")
