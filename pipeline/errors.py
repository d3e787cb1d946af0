"""Turn "the run cannot go on" into a message, a remedy and an exit code.

A bad row is data (see `issues`), never an exception. An exception means that the whole run stops; it says
what happened, and what to type next. The class says what kind of stop it is:

    Stop
    ├── Misuse            2   wrong use, configuration or mapping; nothing was sent
    ├── Unreadable        3   the input cannot be read, or has two readings; nothing was sent
    ├── TooManyErrors     4   stopped by --max-errors
    ├── Unavailable       5   the target cannot be reached, or refuses the credentials
    ├── CanaryDone        6   stopped after the canary
    ├── BrokenInvariant  70   a promise of ours does not hold: a bug
    └── Interrupted     130   Ctrl-C; `push RUN` goes on
"""

from __future__ import annotations


class Stop(Exception):
    """The run cannot go on: `message` says why, `remedy` what to do, as the user will type it."""

    exit_code = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        """Keep both texts apart, so that programs can show them apart."""
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class Misuse(Stop):
    """Wrong use, configuration or mapping; nothing was sent."""

    exit_code = 2


class Unreadable(Stop):
    """The input cannot be read, or it has two readings; nothing was sent."""

    exit_code = 3


class TooManyErrors(Stop):
    """As many rows failed as `--max-errors` allows."""

    exit_code = 4


class Unavailable(Stop):
    """The target cannot be reached, or refuses the credentials."""

    exit_code = 5


class CanaryDone(Stop):
    """The first rows are in, and nobody was there to answer whether to go on."""

    exit_code = 6


class BrokenInvariant(Stop):
    """A promise of ours does not hold; this is a bug of the importer."""

    exit_code = 70


class Interrupted(Stop):
    """The operator stopped the run; it can go on."""

    exit_code = 130


def unwrap(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The exception that matters of a task group's: a stop before anything else."""
    flat: list[BaseException] = []
    todo: list[BaseException] = [group]
    while todo:
        one = todo.pop()
        if isinstance(one, BaseExceptionGroup):
            todo += one.exceptions
        else:
            flat.append(one)
    return next((e for e in flat if isinstance(e, Stop)), flat[0])
