"""What a list is made of does not depend on the language in which it is told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from mapping.mapping_sources import mapped
from mapping.test_mapping_systems import CASES

from pipeline import targets
from pipeline.handoff import Mapping
from pipeline.language import speak
from pipeline.schema import fields


@pytest.fixture
def english_again() -> Iterator[None]:
    yield
    speak("en")


def decided(mapping: Mapping) -> tuple[object, ...]:
    """A mapping without what it says to a person."""
    choices = [(c.index, c.field, c.how) for c in mapping.choices]
    return choices, mapping.compose, mapping.parts, mapping.null_words, mapping.preset, mapping.missing


@pytest.mark.parametrize("to", ["piriod", "dayzero"])
@pytest.mark.parametrize("of", ["label", "label_es"])
def test_a_filled_template_is_read_alike_in_each_language(to: str, of: str, english_again: None) -> None:
    """Nothing is added to its address, which is the whole one."""
    shown = [f for f in fields(targets.load(to).record).values() if f.kind != "object"]
    headers = [getattr(f.column, of) for f in shown]
    rows = [[f.column.example for f in shown]]
    english = mapped(headers, rows, to)
    speak("es")
    spanish = mapped(headers, rows, to)
    assert decided(spanish) == decided(english)
    assert "address" not in english.compose
    assert [c.reason for c in spanish.choices] != [c.reason for c in english.choices]


@pytest.mark.parametrize("to", ["piriod", "dayzero"])
def test_headers_are_read_alike_in_each_language(to: str, english_again: None) -> None:
    """Of many systems, without cells."""
    headers = {system: case[0].split("|") for system, case in CASES.items()}
    english = {system: decided(mapped(names, (), to)) for system, names in headers.items()}
    speak("es")
    assert {system: decided(mapped(names, (), to)) for system, names in headers.items()} == english
