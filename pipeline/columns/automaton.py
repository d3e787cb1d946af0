"""Turn patterns of digits into an automaton that tells, for a whole column of digits at once, which of them fit.

Each class of digits in a pattern is a position (Glushkov's construction), and a state is the set of positions where a
number can be. States are made when a number first comes to them: a list of customers meets few of all there are.

>>> machine = Machine(whole={1: ["[2-9][0-9]{2}"]}, front=[("0", (2, 4))])
>>> automaton = Automaton()
>>> automaton.flags(np.full(4, automaton.start(machine)), digits(pl.Series(["234", "023", "2", "999"]))).tolist()
[1, 2, 0, 1]
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from threading import Lock

import numpy as np
import numpy.typing as npt
import polars as pl

__all__ = ["DEAD", "Automaton", "Machine", "digits"]

DEAD = 0
"""The state that nothing leaves, with no flag."""

_ROW = 16  # places of a state in the table: ten digits, and what stands for the end
_END = 10
_QUANTIFIER = re.compile(r"\{(\d+)(?:,(\d+))?\}")

Numbers = npt.NDArray[np.intp]
Piece = tuple[bool, int, int]  # may be empty; the first positions, and the last, as bits


class Machine:
    """What patterns say of a number, as bits: of the whole of it, and of its front.

    Patterns have digits, classes, groups, alternatives, `?` and `{n,m}`. `whole` names the flag of some patterns. `front`
    has two flags for a pattern: where it fits the first digit alone, and where it fits more. A `$` in a front is passed
    over, so that it may fit more than the pattern does.

    Raises:
        ValueError: a pattern holds anything else.
    """

    def __init__(self, whole: Mapping[int, Iterable[str]], front: Iterable[tuple[str, tuple[int, int]]] = ()) -> None:
        """Read the patterns."""
        self._follow: list[int] = []
        self._on = [0] * 10
        self.first = 0
        self._whole = [(flag, self._read("|".join(patterns))) for flag, patterns in whole.items() if patterns]
        self._front = [(flags, self._read(pattern)) for pattern, flags in front]

    def moved(self, bits: int, digit: int, at_start: bool) -> tuple[int, int]:
        """The positions after one more digit, and the flags of the fronts that end there."""
        reached = self.first if at_start else 0
        while bits and not at_start:
            lowest = bits & -bits
            reached |= self._follow[lowest.bit_length() - 1]
            bits ^= lowest
        reached &= self._on[digit]
        return reached, sum(flags[not at_start] for flags, last in self._front if reached & last)

    def fitting(self, bits: int) -> int:
        """The flags of the patterns that a number fits which ends here."""
        return sum(flag for flag, last in self._whole if bits & last)

    def _read(self, pattern: str) -> int:
        (_, first, last), end = self._alternatives(pattern, 0)
        if end != len(pattern):
            raise ValueError(f"{pattern!r} is no pattern of digits at {end}")
        self.first |= first
        return last

    def _alternatives(self, pattern: str, at: int) -> tuple[Piece, int]:
        empty, first, last = False, 0, 0
        while True:
            (may_be, front, back), at = self._sequence(pattern, at)
            empty, first, last = empty or may_be, first | front, last | back
            if pattern[at : at + 1] != "|":
                return (empty, first, last), at
            at += 1

    def _sequence(self, pattern: str, at: int) -> tuple[Piece, int]:
        whole: Piece = (True, 0, 0)
        while at < len(pattern) and pattern[at] not in "|)":
            begin = at
            piece, at = self._atom(pattern, at)
            least, most, at = _times(pattern, at)
            for time in range(most):
                again = piece if time == 0 else self._atom(pattern, begin)[0]
                whole = self._then(whole, again if time < least else (True, *again[1:]))
        return whole, at

    def _then(self, one: Piece, other: Piece) -> Piece:
        last = one[2]
        while last:
            lowest = last & -last
            self._follow[lowest.bit_length() - 1] |= other[1]
            last ^= lowest
        first = one[1] | (other[1] if one[0] else 0)
        return one[0] and other[0], first, other[2] | (one[2] if other[0] else 0)

    def _atom(self, pattern: str, at: int) -> tuple[Piece, int]:
        sign = pattern[at]
        if sign == "(":
            at += 3 if pattern.startswith("(?:", at) else 1
            piece, at = self._alternatives(pattern, at)
            return piece, at + 1
        if sign == "$":
            return (True, 0, 0), at + 1
        end = pattern.index("]", at) + 1 if sign == "[" else at + (2 if sign == "\\" else 1)
        position = 1 << len(self._follow)
        self._follow.append(0)
        for digit in _named(pattern[at:end]):
            self._on[digit] |= position
        return (False, position, position), end


@cache
def _named(written: str) -> tuple[int, ...]:
    """The digits of a class."""
    if re.fullmatch(r"\[[0-9-]+\]|\\d|[0-9]", written) is None:
        raise ValueError(f"{written!r} is no class of digits")
    return tuple(digit for digit in range(10) if re.match(written, str(digit)))


def _times(pattern: str, at: int) -> tuple[int, int, int]:
    """How often at least and at most, by the quantifier that may stand here; and where it ends."""
    if pattern[at : at + 1] == "?":
        return 0, 1, at + 1
    counted = _QUANTIFIER.match(pattern, at)
    return (int(counted[1]), int(counted[2] or counted[1]), counted.end()) if counted else (1, 1, at)


class Automaton:
    """The states of some machines in one table, so that numbers of many countries are read together.

    Threads may share it: a state is in the table before any other leads to it.
    """

    def __init__(self) -> None:
        """Begin with the dead state alone."""
        self._states: list[tuple[Machine | None, int, int, bool]] = [(None, 0, 0, False)]
        self._known: dict[tuple[int, int, int, bool], int] = {}
        self._moves: Numbers = np.zeros(_ROW, dtype=np.intp)
        self._flags = np.zeros(1, dtype=np.uint8)
        self._lock = Lock()

    def start(self, machine: Machine, skipped: str = "") -> int:
        """The state before the first digit of a number, or before `skipped`, which must come in front of it."""
        with self._lock:
            after = self._state(machine, 0, 0, at_start=True)
            for digit in reversed(skipped):
                before = self._new(None, 0, 0)
                self._moves[before * _ROW : before * _ROW + _END] = DEAD
                self._moves[before * _ROW + int(digit)] = after
                after = before
            return after

    def flags(self, states: Numbers, columns: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """What is said of each number that begins in these states; `columns` are those of `digits`."""
        for column in columns:
            asked = states * _ROW + column
            states = self._moves.take(asked)
            if states.size and states.min() < 0:
                self._learn(np.unique(asked[states < 0]))
                states = self._moves.take(asked)
        return self._flags[states]

    def _learn(self, moves: Numbers) -> None:
        with self._lock:
            for move in moves.tolist():
                at, digit = divmod(move, _ROW)
                machine, bits, told, at_start = self._states[at]
                if machine is not None and self._moves[move] < 0:
                    reached, more = machine.moved(bits, digit, at_start)
                    after = self._state(machine, reached, told | more)
                    self._moves[move] = after

    def _state(self, machine: Machine, bits: int, told: int, at_start: bool = False) -> int:
        if not (bits or told or at_start):
            return DEAD
        key = (id(machine), bits, told, at_start)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._new(machine, bits, told, at_start)
        return known

    def _new(self, machine: Machine | None, bits: int, told: int, at_start: bool = False) -> int:
        made = len(self._states)
        if made == len(self._flags):
            self._moves = np.concatenate([self._moves, np.full_like(self._moves, -1)])
            self._flags = np.concatenate([self._flags, np.zeros_like(self._flags)])
        self._states.append((machine, bits, told, at_start))
        self._flags[made] = told | (machine.fitting(bits) if machine else 0)
        row = self._moves[made * _ROW : (made + 1) * _ROW]
        row[:] = -1 if bits or at_start else made
        row[_END:] = made
        return made


def digits(texts: pl.Series, at_least: int = 1) -> npt.NDArray[np.uint8]:
    """The digits of each text (ASCII digits, not null), one array for each place, with 10 behind the last."""
    width = max(at_least, int(texts.str.len_bytes().max() or 0))  # type: ignore[arg-type]
    octets = pl.col("text").str.pad_end(width, chr(ord("0") + _END)).cast(pl.Binary)
    rows = texts.to_frame("text").select(octets.bin.reinterpret(dtype=pl.Array(pl.UInt8, width))).to_series().to_numpy()
    return np.ascontiguousarray(rows.T - ord("0"))
