"""Turn the English texts that a person reads into the language that the person chose, by gettext.

A text stands in the code in English, as the first argument of `say` (or of `say_n`, where a number decides the form),
and in `LANGUAGE.po` beside this file in every other language; `LANGUAGE/LC_MESSAGES/messages.mo` is made from it (where
gettext looks for it, so that the texts of libraries that speak by gettext are found there too). Words in braces are
filled in after translation, so that a translation may move them. Codes, columns whose name begins with `_`, flags and
JSON are the same in every language and never pass through here.
"""

from __future__ import annotations

import gettext
import string
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

LANGUAGES = ("en", "es")
DOTTED = ("es",)
"""Languages that write 12.430,5 where English writes 12,430.5."""
POINTED = frozenset("BZ CU DO GT HN MX NI PA PE PR SV US".split())  # noqa: SIM905
"""Countries where such a language writes 12,430.5 all the same (Unicode CLDR, es_MX and the others)."""
FOLDER = Path(__file__).parent
_spoken = ["en", ""]


def speak(language: str, country: str = "") -> None:
    """Choose the language of this process, and whose country's numbers it writes; one that is not known is English."""
    _spoken[:] = [language if language in LANGUAGES else "en", country]


def spoken() -> str:
    """The language of this process: one of LANGUAGES."""
    return _spoken[0]


def voice() -> tuple[str, str]:
    """What `speak` was told, for a process that is to speak alike."""
    return _spoken[0], _spoken[1]


def later(text: str) -> str:
    """`text` as it is: it is in the catalogue, and whoever shows it says it (`say(STAGES[name])`)."""
    return text


def say(text: str, /, **values: object) -> str:
    """`text` in the spoken language, with `values` in its braces; `{count:n}` groups the thousands of a number.

    Of an OSError only the reason is said, and not which file it is about: the text says that.
    """
    return _filled(_catalogue(spoken()).gettext(text), values)


def say_n(singular: str, plural: str, number: int, /, **values: object) -> str:
    """The form of the text that fits `number`, which its braces know as `{n}`."""
    return _filled(_catalogue(spoken()).ngettext(singular, plural, number), {"n": number, **values})


def say_of(context: str, text: str, language: str) -> str:
    """A text that is data (a problem's title, a word of the report) in a language, whatever is spoken: it is filled in later.

    The context tells it from the same English words elsewhere: `issue tax_id.check_digit title`, `report p_title`.
    """
    return _catalogue(language if language in LANGUAGES else "en").pgettext(context, text) if text else ""


def later_n(singular: str, plural: str) -> tuple[str, str]:
    """Both forms as they are, for `say_n(*FORMS[name], number)`; see `later`."""
    return singular, plural


def number(value: float, language: str | None = None) -> str:
    """`12,430`, `2.5`, or `12.430`, `2,5` where `language`, else the spoken one, writes so; a fraction has six digits at most."""
    text = f"{value:,}" if isinstance(value, int) else f"{value:,.6f}".rstrip("0").rstrip(".")
    return _marked(text, language)


def _marked(text: str, language: str | None = None) -> str:
    """The text of a number with the marks of the language and the country."""
    return text.translate(_SWAPPED) if (language or _spoken[0]) in DOTTED and _spoken[1] not in POINTED else text


def listed(names: Sequence[str]) -> str:
    """`A`, `A and B`, `A, B and C`; "" of none."""
    if not names:
        return ""
    *before, last = names
    return say("{names} and {last}", names=", ".join(before), last=last) if before else last


def tag(language: str) -> str:
    """The language with the country whose numbers it writes, as a browser knows it: `es-MX`, or `es`."""
    return f"{language}-{_spoken[1]}" if _spoken[1] and language == _spoken[0] else language


_SWAPPED = str.maketrans(",.", ".,")


class _Formatter(string.Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        if format_spec == "n":
            return number(value)
        if isinstance(value, OSError) and value.strerror:
            return _catalogue(spoken()).gettext(value.strerror)
        text = str(super().format_field(value, format_spec))
        return _marked(text) if format_spec and isinstance(value, float) else text


_FORMATTER = _Formatter()


def _filled(text: str, values: dict[str, object]) -> str:
    return _FORMATTER.vformat(text, (), values) if values else text


@lru_cache(maxsize=8)
def _catalogue(language: str) -> gettext.NullTranslations:
    if language == "en":
        return gettext.NullTranslations()
    with (FOLDER / language / "LC_MESSAGES" / "messages.mo").open("rb") as file:
        return gettext.GNUTranslations(file)
