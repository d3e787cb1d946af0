"""Which language is spoken: flag, environment, configuration, locale, in this order; and what follows from it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from babel import Locale, UnknownLocaleError
from babel.numbers import format_decimal

from pipeline.cli import COMMANDS, PLAIN, call, configuration, talk, tongue
from pipeline.language import POINTED, number, speak, spoken

Env = Callable[..., None]


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty folder, a user without a configuration, and English afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(configuration, "paths", lambda: (tmp_path / "project.toml", tmp_path / "user.toml"))
    yield
    speak("en")


@pytest.fixture
def env(monkeypatch: pytest.MonkeyPatch) -> Env:
    def say(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return say


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({"LANG": "C.UTF-8"}, "en"), ({"LANG": "es_CL.UTF-8"}, "es"), ({"LANG": "es"}, "es"), ({"LANG": "es@euro"}, "es"),
        ({"LANG": "est"}, "en"), ({"LANG": "fr_FR.UTF-8"}, "en"), ({"LANG": "es_CL", "LC_MESSAGES": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US", "LC_MESSAGES": "es_MX"}, "es"), ({"LC_ALL": "C", "LC_MESSAGES": "es_MX"}, "en"),
        ({"LC_ALL": "es_MX", "LC_MESSAGES": "C"}, "es"), ({"LC_ALL": "", "LANG": "es_AR"}, "es"),
        ({"LC_NUMERIC": "es_CL"}, "en"),
    ],
)  # fmt: skip
def test_the_locale_decides_where_nothing_else_is_said(env: Env, variables: dict[str, str], language: str) -> None:
    """LC_ALL before LC_MESSAGES before LANG, as gettext reads them; a variable that is empty says nothing."""
    env(**variables)
    assert tongue.wanted([]) == language


def test_a_flag_beats_the_environment_beats_the_files_beat_the_locale(env: Env, tmp_path: Path) -> None:
    """Each further place overrules those before it."""
    assert tongue.wanted([]) == "en"
    env(LC_ALL="es_CL.UTF-8")
    assert tongue.wanted([]) == "es"
    (tmp_path / "user.toml").write_text('lang = "en"\n[profiles.acme]\nlang = "es"\n')
    assert tongue.wanted([]) == "en"
    assert tongue.wanted(["run", "--profile", "acme"]) == "es"
    (tmp_path / "project.toml").write_text('lang = "es"\n')
    assert tongue.wanted([]) == "es"
    env(CUSTOMER_IMPORT_LANG="en")
    assert tongue.wanted([]) == "en"
    for said in (
        ["--lang", "es"],
        ["--lang=es"],
        ["--lang", "en", "run", "x.csv", "--lang", "es"],
        ["run", "--lang=es", "--", "--lang=en"],
    ):
        assert tongue.wanted(said) == "es", said


@pytest.mark.parametrize("content", ["lang = ", 'lang = "fr"', "lang = 3", "profiles = 3", "\x00"])
def test_a_broken_configuration_is_complained_of_in_the_language_of_the_locale(
    env: Env, tmp_path: Path, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Choosing the language never fails; what is wrong with the file is said by whoever reads it in earnest."""
    (tmp_path / "project.toml").write_text(content)
    env(LANG="es_CL.UTF-8")
    assert tongue.wanted([]) == "es"
    assert call(["inspect", "x.csv"]) == 2
    assert capsys.readouterr().err.startswith("detenido: ")


def test_numbers_are_grouped_as_the_country_groups_them() -> None:
    """Unicode's data say the same of every country where Spanish is spoken, save where they use a blank."""
    found = 0
    for country in [name.split("_")[1] for name in _locales()]:
        told = format_decimal(1234567.5, locale=Locale("es", country), numbering_system="latn")
        if told.startswith("1\N{NO-BREAK SPACE}"):
            continue
        speak("es", country)
        assert number(1234567.5) == told, country
        found += 1
    assert found > 15 > len(POINTED)


def _locales() -> list[str]:
    known = []
    for country in sorted(
        {
            *[
                "AR",
                "BO",
                "CL",
                "CO",
                "CR",
                "CU",
                "DO",
                "EC",
                "ES",
                "GT",
                "HN",
                "MX",
                "NI",
                "PA",
                "PE",
                "PR",
                "PY",
                "SV",
                "US",
                "UY",
                "VE",
            ],
            *POINTED,
        }
    ):
        try:
            known.append(str(Locale("es", country)))
        except UnknownLocaleError:
            continue
    return known


def test_the_country_comes_from_the_locale_and_the_language_from_the_flag(env: Env) -> None:
    """A Mexican reads 12,430 although the language alone would write 12.430."""
    env(LANG="en_US.UTF-8", LC_NUMERIC="es_MX.UTF-8")
    with tongue.speaking(["--lang", "es"]):
        assert (spoken(), number(12430), number(2.5)) == ("es", "12,430", "2.5")
    env(LC_NUMERIC="es_CL.UTF-8")
    with tongue.speaking(["--lang", "es"]):
        assert (number(12430), number(2.5), number(0.1 + 0.2), number(3.0)) == ("12.430", "2,5", "0,3", "3")
    assert spoken() == "en"


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_every_command_takes_the_flag_and_its_help_follows_it(
    name: str, capsys: pytest.CaptureFixture[str], env: Env
) -> None:
    """Behind the command and before it; the headings that click writes are Spanish too, and English again afterwards."""
    command = [name] if name else []
    assert call([*command, "--help"]) == 0
    english = capsys.readouterr().out
    assert call([*command, "--lang", "es", "--help"]) == 0
    spanish = capsys.readouterr().out
    assert english.startswith("Usage: ") and spanish.startswith("Uso: ")
    assert "Show this message and exit." in english and "Muestra esta ayuda y termina." in spanish
    assert call(["--lang", "es", *command, "--help"]) == 0
    assert capsys.readouterr().out == spanish
    env(LANG="es_CL.UTF-8")
    assert call([*command, "--help"]) == 0
    assert capsys.readouterr().out == spanish
    assert call([*command, "--lang", "en", "--help"]) == 0
    assert capsys.readouterr().out == english
    shown = set(re.findall(r"--[a-z-]+", english))
    assert shown == set(re.findall(r"--[a-z-]+", spanish)) and "--lang" in shown


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["runn"], "no existe el comando 'runn'. ¿Quiso decir 'run'?"),
        (["push"], "Falta el argumento 'IMPORTACIÓN'"),
        (["run", "--sheeet", "x"], "No existe la opción '--sheeet'"),
        (["run", "x.csv", "--canary", "0"], "Valor no válido en '--canary': 0 está fuera del rango x>=1"),
        (["run", "x.csv", "--canary", "uno"], "Valor no válido en '--canary': 'uno' no es un número válido"),
        (["run", "x.csv", "--blank", "no"], "Valor no válido en '--blank': 'no' no es uno de 'keep', 'clear'"),
        (["run", "x.csv", "--canary"], "La opción '--canary' necesita un valor"),
        (["status", "a", "b"], "Sobra un argumento (b)"),
        (["run", "x.csv", "--yes=3"], "La opción '--yes' no lleva valor"),
        (["run", "x.csv"], "falta --to: ¿adónde van los clientes?"),
        (["--lang", "fr"], "Valor no válido en '--lang': 'fr' no es uno de 'en', 'es'"),
    ],
)
def test_what_click_complains_of_is_said_in_spanish(
    typed: list[str], said: str, env: Env, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wrong use is told before a command runs."""
    env(LANG="es_CL.UTF-8")
    assert call(typed) == 2
    assert said in capsys.readouterr().err.replace("\n", " ")


@pytest.mark.parametrize(
    ("language", "typed", "answer"),
    [
        ("es", "s\n", True), ("es", "SÍ\n", True), ("es", "si\n", True), ("es", "y\n", True), ("es", "yes\n", True),
        ("es", "n\n", False), ("es", "\n", False), ("es", "quizás\nsí\n", True), ("en", "y\n", True), ("en", "Yes\n", True),
        ("en", "no\n", False), ("en", "\n", False), ("en", "maybe\nn\n", False),
    ],
)  # fmt: skip
def test_a_question_is_answered_in_the_language_or_in_english(
    language: str, typed: str, answer: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing typed is no; anything else is asked again."""
    lines = iter(typed.splitlines())
    monkeypatch.setattr(click.termui, "visible_prompt_func", lambda _prompt: next(lines))
    speak(language)
    assert talk.agrees("Go?") is answer
    assert next(lines, None) is None


def test_commands_without_configuration_have_the_flag_too() -> None:
    """`schema` and `sandbox` read no file, and take their language from the environment all the same."""
    assert set(PLAIN) <= set(COMMANDS)
