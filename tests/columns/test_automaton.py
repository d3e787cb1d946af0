"""The automaton says of digits what the patterns say that it was made of."""

from __future__ import annotations

import random
import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import phonenumbers
import polars as pl
import pytest
from phonenumbers import PhoneMetadata

from pipeline.columns.automaton import Automaton, Machine, digits
from pipeline.columns.regions import Plans

REGIONS = ["CL", "MX", "CO", "US", "BR", "PE", "AR", "ES", "DE", "GB", "IT", "JP", "CR"]
KINDS = ("fixed_line", "mobile", "toll_free", "premium_rate", "voip")


def _facts(region):
    return PhoneMetadata.metadata_for_region(region, None)


def _numbers(region, count, seed):
    """Digits of which some are numbers of the region, with something in front, cut, or with other digits behind."""
    dice = random.Random(seed)
    examples = [phonenumbers.example_number_for_type(region, kind) for kind in range(11)]
    national = [phonenumbers.national_significant_number(number) for number in examples if number] or ["123"]
    made = []
    for _ in range(count):
        number = dice.choice(national)
        kept = dice.randrange(len(number) + 1)
        number = number[:kept] + "".join(dice.choice("0123456789") for _ in number[kept:])
        made.append(
            dice.choice(("", "", "0", "1", "00", "90", "044")) + number[: dice.choice((99, 99, 99, len(number) - 1))]
        )
    return [text for text in made if text]


@pytest.mark.parametrize("region", REGIONS)
def test_flags_are_what_the_patterns_say(region):
    """Each whole pattern as `re.fullmatch`, each front as a match of one digit or of more."""
    facts = _facts(region)
    kinds = [desc.national_number_pattern for kind in KINDS if (desc := getattr(facts, kind)) is not None]
    general, prefix = facts.general_desc.national_number_pattern, facts.international_prefix
    machine = Machine({1: [k for k in kinds if k], 2: [general]}, [(prefix, (4, 8))])
    automaton, texts = Automaton(), _numbers(region, 3_000, seed=len(region))
    flags = automaton.flags(np.full(len(texts), automaton.start(machine)), digits(pl.Series(texts)))
    for text, told in zip(texts, flags.tolist(), strict=True):
        assert bool(told & 1) == any(re.fullmatch(k, text) for k in kinds if k), text
        assert bool(told & 2) == bool(re.fullmatch(general, text)), text
        fronts = [size for size in range(1, len(text) + 1) if re.fullmatch(prefix, text[:size])]
        assert (bool(told & 4), bool(told & 8)) == (1 in fronts, any(size > 1 for size in fronts)), text
    assert len(set(flags.tolist())) > 2


def test_digits_that_must_come_first():
    """A start before a calling code takes only numbers that begin with it; the dead state says nothing."""
    automaton = Automaton()
    start = automaton.start(Machine({1: ["[2-9]\\d{2}"]}), "56")
    texts = pl.Series(["56234", "57234", "234", "5623", "562345"])
    assert automaton.flags(np.full(5, start), digits(texts)).tolist() == [1, 0, 0, 0, 0]
    assert automaton.flags(np.zeros(5, dtype=np.intp), digits(texts)).tolist() == [0] * 5


@pytest.mark.parametrize("pattern", ["[2-9", "a", r"\w", "(?!1)2", "[^1]", "1)"])
def test_a_pattern_of_another_kind_is_refused(pattern):
    """What is not only digits, classes, groups, alternatives and counts is no pattern for it."""
    with pytest.raises(ValueError):
        Machine({1: [pattern]})


def test_threads_share_an_automaton():
    """States that several threads meet first at the same time are the same as for one."""
    automaton, machines = Automaton(), [Machine({1: [_facts(r).general_desc.national_number_pattern]}) for r in REGIONS]
    starts = [automaton.start(machine) for machine in machines]
    lists = [_numbers(region, 2_000, seed=7) for region in REGIONS]

    def told(at):
        return automaton.flags(np.full(len(lists[at]), starts[at]), digits(pl.Series(lists[at]))).tolist()

    with ThreadPoolExecutor(4) as hands:
        found = list(hands.map(told, [*range(len(lists))] * 3))
    assert found[: len(lists)] * 3 == found
    for texts, machine, flags in zip(lists, machines, found, strict=False):
        alone = Automaton()
        assert flags == alone.flags(np.full(len(texts), alone.start(machine)), digits(pl.Series(texts))).tolist()


def test_every_plan_of_the_library_can_be_read():
    """No region's metadata holds a pattern that the automaton does not know, so that none is left to the scalar rule."""
    known = Plans()
    for place, region in enumerate(known.regions):
        known._add(place)
        general = _facts(region).general_desc
        assert known.start[place] != 0 or not (known.main[place] and general.possible_length), region


def test_threads_read_the_same_of_the_plans():
    """Batches that go side by side wait for a plan that another one reads, and say the same of their numbers."""
    texts = [number for region in REGIONS for number in _numbers(region, 300, seed=9)]
    countries = [region for region in REGIONS for _ in _numbers(region, 300, seed=9)]
    plus = np.array([at % 3 == 0 for at in range(len(texts))])

    def read(known):
        return known.read(pl.Series(texts), pl.Series(countries), plus)[0]

    alone, shared = read(Plans()), Plans()
    with ThreadPoolExecutor(4) as hands:
        found = list(hands.map(lambda _: read(shared), range(8)))
    worth_it = np.isin(np.array(countries), REGIONS) & ~plus
    for one in found:
        assert one.known[worth_it].all()
        both = one.known & alone.known
        assert (one.flags[both] == alone.flags[both]).all()
        assert (one.place == alone.place).all()
        assert not one.flags[~one.known].any()
