"""Turn the metadata of phonenumbers into the numbering plans of all regions, which say of many numbers at once what they are.

Plans are read once they are worth it; before, nothing is said of their numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from threading import Lock
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, SUPPORTED_REGIONS, PhoneMetadata

from pipeline.columns.automaton import DEAD, Automaton, Machine, Numbers, digits
from pipeline.columns.numbering import CHANGED, OLD_FORMS, PARTIAL

VALID, GENERAL, SAME, INTERNATIONAL, TRUNK, LONGER, OTHERS, EARLIER = (1 << bit for bit in range(8))
"""What is said of a national number: it fits a kind of its plan; it fits the plan's general pattern; it is one digit again
and again; an international prefix begins it; a national prefix of one digit does; a longer one does; it fits a kind of
another region with the same calling code; it is an old form, from before a change of plan, or without its area code."""
PREFIX = TRUNK | LONGER

Digits = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.uint8]
Marks = npt.NDArray[np.bool_]

_WORTH_IT = 40  # numbers of one region, below which reading its patterns takes longer than asking the library
_ONE_PLAN = ("US", "CA", "DO", "PR")  # of the regions that share +1, those whose numbers are told from all others


class Read(NamedTuple):
    """What is said of some numbers: the place of the plan, the digits of the national number, and flags.

    `known` are the numbers whose plan was read; of the others nothing is said.
    """

    place: Numbers
    size: Numbers
    flags: Flags
    known: Marks


class Plans:
    """The plans of all regions, each at its place, in one automaton."""

    def __init__(self) -> None:
        """Begin with no plan; the last place is that of no region."""
        self.regions = sorted(SUPPORTED_REGIONS)
        self.nowhere = len(self.regions)
        codes = {region: str(code) for code, sharing in COUNTRY_CODE_TO_REGION_CODE.items() for region in sharing}
        self.codes = [codes[region] for region in self.regions]
        self.plus = self.nowhere + 1
        self.prefixes = pl.Series([*("+" + code for code in self.codes), None, "+"], dtype=pl.String)
        self.code_size = np.array([*map(len, self.codes), 0])
        self.main, self.shared, self.trunk = (np.zeros(self.nowhere + 1, dtype=np.bool_) for _ in range(3))
        # By the first three digits, of which the end of a number counts as ten.
        self.of_code = np.full(1111, self.nowhere, dtype=np.intp)
        for code, sharing in COUNTRY_CODE_TO_REGION_CODE.items():
            if sharing[0] in self.regions:
                place = self.regions.index(sharing[0])
                self.main[place], self.shared[place] = True, len(sharing) > 1
                width = 10 ** (3 - len(str(code)))
                self.of_code[code * width : (code + 1) * width] = place
        self.start, self.coded, self.others, self.coded_others = (np.full(self.nowhere + 1, DEAD) for _ in range(4))
        self.possible, self.local, self.shortest, self.longest = (
            np.zeros(self.nowhere + 1, dtype=np.int64) for _ in range(4)
        )
        self.automaton = Automaton()
        self._names = pl.Enum(self.regions)
        self._asked: set[int] = set()
        self._lock = Lock()

    def read(self, texts: pl.Series, country: pl.Series, plus: Marks) -> tuple[Read, Digits]:
        """What is said of these digits, with `plus` where they begin with a calling code; and their `digits`."""
        columns = digits(texts, at_least=3)
        first = columns[:3].astype(np.intp)
        at_home = self._places(country)
        place = np.where(plus, self.of_code[first[0] * 100 + first[1] * 10 + first[2]], at_home)
        counts = np.bincount(place, minlength=self.nowhere + 1)[: self.nowhere]
        for worth_it in np.flatnonzero(counts >= _WORTH_IT).tolist():
            with self._lock:  # a thread waits for the plan that another one reads
                if worth_it not in self._asked:
                    self._add(worth_it)
        # Looked at once, as another thread may add to it; what belongs to a plan is there before.
        start = self.start[place]
        flags = self.automaton.flags(np.where(plus, self.coded[place], start), columns)
        flags[start == DEAD] = 0
        size = texts.str.len_bytes().to_numpy().astype(np.intp) - np.where(plus, self.code_size[place], 0)
        return Read(place, size, flags, start != DEAD), columns

    def elsewhere(self, place: Numbers, plus: Marks, columns: Digits) -> tuple[Marks, Marks]:
        """Which numbers fit a kind of another region with their calling code; and of which that is known."""
        for shared in np.flatnonzero(np.bincount(place, minlength=self.nowhere + 1) >= _WORTH_IT).tolist():
            with self._lock:
                if self.shared[shared] and self.others[shared] == DEAD:
                    machine = Machine({OTHERS: _kinds(COUNTRY_CODE_TO_REGION_CODE[int(self.codes[shared])])})
                    self.coded_others[shared] = self.automaton.start(machine, self.codes[shared])
                    self.others[shared] = self.automaton.start(machine)
        others = self.others[place]
        flags = self.automaton.flags(np.where(plus, self.coded_others[place], others), columns)
        fitting: Marks = flags & OTHERS != 0
        return fitting, ~self.shared[place] | (others != DEAD)

    def accepts(self, read: Read) -> Marks:
        """Which national numbers are valid as they stand."""
        right = (read.flags & (VALID | GENERAL | SAME | PREFIX)) == (VALID | GENERAL)
        valid: Marks = right & fits(self.possible[read.place], read.size)
        return valid

    def _places(self, country: pl.Series) -> Numbers:
        placed = country.cast(self._names, strict=False).to_physical()
        return placed.fill_null(self.nowhere).to_numpy().astype(np.intp)

    def _add(self, place: int) -> None:
        """Read the plan of a region; one that has none, or whose patterns are of a new kind, stays unknown."""
        region = self.regions[place]
        facts, sharing = _facts(region), COUNTRY_CODE_TO_REGION_CODE[int(self.codes[place])]
        self._asked.add(place)
        general = facts.general_desc
        led = sharing[0] == region or region in _ONE_PLAN
        if general is None or not general.possible_length or not led:
            return
        code = int(self.codes[place])
        whole: dict[int, list[str]] = {
            VALID: _kinds(_ONE_PLAN if region in _ONE_PLAN else (region,)),
            GENERAL: [general.national_number_pattern or ""],
            SAME: [f"{digit}{{1,17}}" for digit in range(10)],
            EARLIER: [table[code].strip("^$") for table in (OLD_FORMS, CHANGED, PARTIAL) if code in table],
        }
        fronts = ((facts.international_prefix, (INTERNATIONAL, INTERNATIONAL)),
                  (facts.national_prefix_for_parsing, (TRUNK, LONGER)))  # fmt: skip
        try:
            machine = Machine(whole, [(pattern, flags) for pattern, flags in fronts if pattern])
        except ValueError:
            return
        lengths = general.possible_length
        self.possible[place], self.shortest[place], self.longest[place] = _bits(lengths), lengths[0], lengths[-1]
        self.local[place] = _bits(general.possible_length_local_only)
        self.trunk[place] = facts.national_prefix == "0"
        self.coded[place] = self.automaton.start(machine, self.codes[place])
        self.start[place] = self.automaton.start(machine)


@cache
def plans() -> Plans:
    """The plans of this process."""
    return Plans()


def fits(lengths: npt.NDArray[np.int64], size: Numbers) -> Marks:
    """Whether each size is one of the lengths of its place."""
    fitting: Marks = (lengths >> np.clip(size, 0, 62)) & 1 == 1
    return fitting


def _bits(lengths: Iterable[int]) -> int:
    return sum(1 << length for length in lengths if length > 0)


def _kinds(regions: Iterable[str]) -> list[str]:
    """What the numbers of every kind look like in these regions."""
    found: dict[str, None] = {}
    for facts in map(_facts, regions):
        kinds = (facts.fixed_line, facts.mobile, facts.toll_free, facts.premium_rate, facts.shared_cost, facts.voip,
                 facts.personal_number, facts.pager, facts.uan, facts.voicemail)  # fmt: skip
        found.update({k.national_number_pattern: None for k in kinds if k is not None and k.national_number_pattern})
    return list(found)


def _facts(region: str) -> PhoneMetadata:
    facts = PhoneMetadata.metadata_for_region(region, None)
    assert facts is not None
    return facts
