"""Turn "how far are we" into calls that any front end can show.

Stages report to a `Progress`; the command line draws it with tqdm, a program may count, and `Silent` does
nothing. Stages never print.
"""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """What a stage may say while it works."""

    def begin(self, stage: str, total: int | None, unit: str = "rows") -> None:
        """Start a stage; `total` is None where nobody can know it."""

    def advance(self, count: int) -> None:
        """Count `count` more units of the current stage."""

    def note(self, text: str) -> None:
        """Show a short state beside the bar (what is being waited for, counts by status)."""

    def end(self) -> None:
        """Finish the current stage."""

    def say(self, text: str) -> None:
        """Tell the operator one line that stays."""


class Silent:
    """A `Progress` that says nothing."""

    def begin(self, stage: str, total: int | None, unit: str = "rows") -> None:
        """Say nothing."""

    def advance(self, count: int) -> None:
        """Say nothing."""

    def note(self, text: str) -> None:
        """Say nothing."""

    def end(self) -> None:
        """Say nothing."""

    def say(self, text: str) -> None:
        """Say nothing."""
