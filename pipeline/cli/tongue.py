"""Turn arguments, environment, configuration and locale into the language in which the command line speaks.

The first of these that names a language decides: `--lang`, CUSTOMER_IMPORT_LANG, `lang` in customer-import.toml, the locale
(LC_ALL, LC_MESSAGES, LANG; on Windows that of its menus). It is known before anything else is looked at, so that help and
complaints about the arguments themselves are in it; what is wrong with a value is said later, by the option that has it.
"""

from __future__ import annotations

import contextlib
import gettext
import os
import re
import sys
from collections.abc import Iterator, Sequence

from pipeline.cli import configuration, variables
from pipeline.language import FOLDER, LANGUAGES, speak

LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")
NUMBERS = ("LC_ALL", "LC_NUMERIC", "LANG")
SPANISH_WINDOWS = 0x0A
"""The primary language of Windows' identifiers of Spanish."""
DOMAIN = "messages"
"""The gettext domain of a program that names none, in which click looks for its own texts."""


@contextlib.contextmanager
def speaking(arguments: Sequence[str]) -> Iterator[None]:
    """Speak the language that is wanted for a while, and let the libraries that ask gettext speak it too."""
    language, before = wanted(arguments), os.environ.get("LANGUAGE")
    speak(language, country())
    gettext.bindtextdomain(DOMAIN, str(FOLDER))
    os.environ["LANGUAGE"] = language
    try:
        yield
    finally:
        speak("en")
        if before is None:
            del os.environ["LANGUAGE"]
        else:
            os.environ["LANGUAGE"] = before


def wanted(arguments: Sequence[str]) -> str:
    """The language to speak: one of LANGUAGES."""
    profile = _flag("--profile", arguments) or os.environ.get(f"{variables.PREFIX}PROFILE")
    said = _flag("--lang", arguments) or os.environ.get(variables.environment_of("lang"))
    for language in (said, None if said else configuration.language(profile)):
        if language in LANGUAGES:
            return language
    return _of_locale()


def country() -> str:
    """The country whose numbers are written: `MX` of `es_MX.UTF-8`; empty where the locale names none."""
    found = re.match(r"[a-z]+_([A-Z]{2})\b", _first(NUMBERS))
    return found[1] if found else ""


def _flag(name: str, arguments: Sequence[str]) -> str | None:
    """The last value of a flag among arguments that nobody has parsed yet."""
    found = None
    options = list(arguments[: arguments.index("--")] if "--" in arguments else arguments)
    for text, following in zip(options, [*options, ""][1:], strict=True):
        if text == name:
            found = following
        elif text.startswith(f"{name}="):
            found = text.removeprefix(f"{name}=")
    return found


def _of_locale() -> str:
    named = re.split(r"[_.@-]", _first(LOCALE))[0].lower()
    if not named and sys.platform == "win32":
        import ctypes

        named = "es" if ctypes.windll.kernel32.GetUserDefaultUILanguage() & 0x3FF == SPANISH_WINDOWS else ""
    return named if named in LANGUAGES else "en"


def _first(variables: Sequence[str]) -> str:
    """The value of the first variable that is set."""
    return next((value for name in variables if (value := os.environ.get(name))), "")
