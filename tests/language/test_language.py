"""Every text that a person reads has its translation, with the same words in braces, and the compiled file is its own."""

from __future__ import annotations

import string
from collections.abc import Iterator

import pytest
from babel.messages.catalog import Message
from language import catalogue

from pipeline.language import say, say_n, speak


@pytest.fixture
def spanish() -> Iterator[None]:
    speak("es")
    yield
    speak("en")


def forms(message: Message) -> list[tuple[str, str]]:
    """Pairs of an English form and its translation."""
    if isinstance(message.id, tuple):
        return list(zip(message.id, message.string, strict=True))
    return [(message.id, message.string)]


def braces(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", catalogue.OTHERS)
def test_every_text_of_the_code_is_translated_with_the_same_words_in_braces(language: str) -> None:
    """No text is missing, none is left over, and a translation fills in what the English text fills in."""
    texts = {(message.id, message.context) for message in catalogue.template() if message.id}
    known = {(message.id, message.context): message for message in catalogue.read(language) if message.id}
    assert texts <= set(known)
    assert {text for text in set(known) - texts if catalogue.CLICK not in known[text].auto_comments} == set()
    for message in known.values():
        for english, other in forms(message):
            assert other, english
            # Of what click fills in, a translation may leave a part out: "integer range" has no Spanish.
            assert braces(other) == braces(english) or (message.auto_comments and braces(other) < braces(english)), (
                english
            )
            assert english.count("\n") == other.count("\n"), english


@pytest.mark.parametrize("language", catalogue.OTHERS)
def test_the_compiled_catalogue_is_the_readable_one(language: str) -> None:
    """What is read at run time is what a translator wrote."""
    assert catalogue.mo(language).read_bytes() == catalogue.compiled(catalogue.read(language))


def test_numbers_are_written_as_the_language_writes_them(spanish: None) -> None:
    """Thousands are grouped with a dot in Spanish, also in a text that has no translation; a plain number is left."""
    assert say("{n:n} of {m}", n=12430, m=12430) == "12.430 of 12430"
    assert say_n("{n:n} of it", "{n:n} of them", 1) == "1 of it"
    assert say_n("{n:n} of it", "{n:n} of them", 2000) == "2.000 of them"


def test_a_fraction_in_a_text_is_written_as_the_language_writes_it(spanish: None) -> None:
    """Whatever its format; a number without one is left, as it may be part of a command."""
    assert say("{s:g} s, {s:.2f} s, {s}", s=2.5) == "2,5 s, 2,50 s, 2.5"


def test_english_is_what_stands_in_the_code() -> None:
    """Without a choice nothing is translated, and what is filled in is never read as a template again."""
    assert say("{a} and {b}", a="{b}", b="{a}") == "{b} and {a}"
