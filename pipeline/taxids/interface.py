"""What a country's rule for tax ids is: the names that every module of this package has.

A rule works on one number at a time. Three modules (`cl`, `mx`, `co`) also have a column form of it, see `Fast`.
"""

from __future__ import annotations

from collections.abc import Set
from typing import Literal, Protocol, runtime_checkable

import polars as pl

Reason = Literal[
    "length", "format", "component", "check_digit",
    "check_digit_doubtful", "other_document", "two_readings", "unusual",
]  # fmt: skip
"""Why a number is not simply right: the reason of an issue `tax_id.REASON`. The second row are warnings."""

Remark = Literal["check_digit_added", "zeros_restored"]
"""What `compact` added to a number that was not written in full; warnings too."""


class Rule(Protocol):
    """The rule of one country."""

    @property
    def NAME(self) -> str:  # noqa: N802
        """What the country calls its tax id."""

    @property
    def GENERIC(self) -> Set[str]:  # noqa: N802
        """Compact numbers that stand for nobody in particular."""

    def compact(self, text: str, /) -> str:
        """The number without its layout; the same number in any layout gives the same text."""

    def judge(self, compacted: str, /) -> Reason | None:
        """What is wrong with a compact number; None where it is valid."""

    def present(self, compacted: str, /) -> str:
        """The form in which the number is normally written, and sent to a target."""


@runtime_checkable
class Remarking(Protocol):
    """A rule that can complete a number which is not written in full."""

    def remark(self, text: str, /) -> Remark | None:
        """What `compact` adds to `text`; None where it adds nothing."""


@runtime_checkable
class Completing(Protocol):
    """A rule that can suggest the check digit of a number without one."""

    def complete(self, compacted: str, /) -> str | None:
        """The compact number with the check digit that fits; None where there is no such number."""


@runtime_checkable
class Fast(Protocol):
    """A rule that decides the plain cases of a whole column at once."""

    def accept(self, text: pl.Series, /) -> pl.Series:
        """The compact number (String) where it is certainly valid, not generic and written in full; else null."""

    def written(self, compacted: pl.Series, /) -> pl.Series:
        """`present` for a whole column."""
