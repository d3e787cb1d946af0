"""Turn the English texts that a person reads into the language that the person chose, by gettext.

A text stands in the code in English, as the first argument of `say` (or of `say_n`, where a number decides the form),
and in `LANGUAGE.po` beside this file in every other language; `LANGUAGE.mo` is made from it. Words in braces are filled
in after translation, so that a translation may move them. Codes, columns whose name begins with `_`, flags, statuses
and JSON keys are the same in every language and never pass through here.
"""

from __future__ import annotations

import gettext
import string
from functools import lru_cache
from importlib import resources
from typing import Any

LANGUAGES = ("en", "es")
DOTTED = ("es",)
"""Languages that write 12.430 where English writes 12,430."""
_spoken = ["en"]


def speak(language: str) -> None:
    """Choose the language of this process; one that is not known is English."""
    _spoken[0] = language if language in LANGUAGES else "en"


def spoken() -> str:
    """The language of this process: one of LANGUAGES."""
    return _spoken[0]


def say(text: str, /, **values: object) -> str:
    """`text` in the spoken language, with `values` in its braces; `{count:n}` groups the thousands of a number."""
    return _filled(_catalogue(spoken()).gettext(text), values)


def say_n(singular: str, plural: str, number: int, /, **values: object) -> str:
    """The form of the text that fits `number`, which its braces know as `{n}`."""
    return _filled(_catalogue(spoken()).ngettext(singular, plural, number), {"n": number, **values})


def number(value: int) -> str:
    """`12,430`, or `12.430` where the spoken language writes so."""
    text = f"{value:,}"
    return text.replace(",", ".") if spoken() in DOTTED else text


class _Formatter(string.Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        return number(value) if format_spec == "n" else str(super().format_field(value, format_spec))


_FORMATTER = _Formatter()


def _filled(text: str, values: dict[str, object]) -> str:
    return _FORMATTER.vformat(text, (), values) if values else text


@lru_cache(maxsize=8)
def _catalogue(language: str) -> gettext.NullTranslations:
    if language == "en":
        return gettext.NullTranslations()
    with resources.files("pipeline.language").joinpath(f"{language}.mo").open("rb") as file:
        return gettext.GNUTranslations(file)
