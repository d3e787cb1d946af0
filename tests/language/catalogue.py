"""Turn the texts in the code into the catalogues of the other languages: what is new is added, what is gone is removed.

    python -m tests.language.catalogue

writes `pipeline/language/LANGUAGE.po` anew (new texts get an empty translation, to be filled in by hand or with any
gettext editor) and compiles `LANGUAGE/LC_MESSAGES/messages.mo` from it. Run it again after translating.
"""

from __future__ import annotations

import ast
import importlib
import io
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import click
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from pipeline import cli, issues
from pipeline.cli import variables, wording
from pipeline.language import LANGUAGES
from pipeline.mapping.presets import presets
from pipeline.mapping.vocabulary import left_out_reasons
from pipeline.report.words import languages as report_words
from pipeline.review.page import words as review_words

PACKAGE = Path(__file__).parents[2] / "pipeline"
FOLDER = PACKAGE / "language"
SAYING = {"say": 1, "later": 1, "say_n": 2, "later_n": 2}
"""The functions whose first arguments are texts, and how many of them."""
OTHERS = [language for language in LANGUAGES if language != "en"]
CLICK = "text of click"
"""How a text is marked that click says; those of other versions than the installed one may stay."""
SPEAKING = ("core", "decorators", "exceptions", "formatting", "parser", "termui", "types")
"""The modules of click whose texts a person may see."""


def template() -> Catalog:
    """Every text that the code says, that the commands' help holds, and that click says."""
    found = Catalog(project="customer-import", charset="utf-8", fuzzy=False)
    for text in code_texts():
        found.add(text, flags=_flags(text))
    for text in (*preset_texts(), *help_texts()):
        found.add(text)
    for context, text in data_texts():
        found.add(text, context=context)
    for text in click_texts():
        found.add(text, flags=_flags(text), auto_comments=() if text in found else (CLICK,))
    return found


def _flags(text: str | tuple[str, ...]) -> set[str]:
    return {"python-brace-format"} if "{" in str(text) else set()


def code_texts() -> Iterator[str | tuple[str, ...]]:
    """What stands in the calls of `say`, `say_n` and `later`, inside other texts too."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SAYING:
                texts = [a.value for a in node.args[: SAYING[node.func.id]] if isinstance(a, ast.Constant)]
                if len(texts) == SAYING[node.func.id]:
                    yield texts[0] if len(texts) == 1 else tuple(texts)


def preset_texts() -> Iterator[str]:
    """What the presets say of themselves, and why they leave columns and rows out."""
    for preset in presets().values():
        yield from (preset.title, *preset.notes, *preset.left_out.values())
        yield from (reason for reason, _ in preset.left_out_rows)
    yield from left_out_reasons()


def data_texts() -> Iterator[tuple[str, str]]:
    """What files hold that stand beside the code: problems, and the words of the report and of the review page."""
    for code, kind in issues.catalogue().items():
        yield from ((issues.context(code, name), getattr(kind, name)) for name in issues.TEXTS)
    yield from ((f"report {name}", text) for name, text in report_words()["en"].items() if text)
    yield from ((f"review {name}", text) for name, text in review_words("en").items() if text)


def help_texts() -> Iterator[str]:
    """What the group's and each command's help says."""
    yield from wording.texts(cli.group)
    for name in cli.COMMANDS:
        command = importlib.import_module(f"pipeline.cli.{name}").command
        yield from wording.texts(variables.prepared(command, plain=name in cli.PLAIN))


def click_texts() -> Iterator[str | tuple[str, ...]]:
    """What the installed click may say."""
    for name in SPEAKING:
        path = str(Path(click.__file__).with_name(f"{name}.py"))
        for _, text, _, _ in extract_from_file("python", path, keywords={"_": None, "ngettext": (1, 2)}):
            yield text


def read(language: str) -> Catalog:
    """The catalogue of a language as it is in the package; an empty one where there is none yet."""
    path = FOLDER / f"{language}.po"
    if not path.exists():
        return Catalog(locale=language, project="customer-import", charset="utf-8", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=language, charset="utf-8")


def mo(language: str) -> Path:
    """Where gettext looks for the compiled catalogue."""
    return FOLDER / language / "LC_MESSAGES" / "messages.mo"


def compiled(catalogue: Catalog) -> bytes:
    """The content of the .mo file."""
    held = io.BytesIO()
    write_mo(held, catalogue)
    return held.getvalue()


def write(language: str) -> Catalog:
    """Bring a language's files up to date with the code; gives its catalogue."""
    catalogue = read(language)
    olds, made = [message for message in catalogue if CLICK in message.auto_comments], catalogue.creation_date
    catalogue.update(template(), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    catalogue.creation_date, catalogue.version = made, version("customer-import")
    catalogue.msgid_bugs_address = "the project's page"
    for message in olds:
        if catalogue.get(message.id, message.context) is None:
            catalogue[message.id] = message
    with (FOLDER / f"{language}.po").open("wb") as file:
        write_po(file, catalogue, width=120, sort_output=True, omit_header=False, ignore_obsolete=True)
    mo(language).parent.mkdir(parents=True, exist_ok=True)
    mo(language).write_bytes(compiled(catalogue))
    return catalogue


if __name__ == "__main__":
    for name in OTHERS:
        done = write(name)
        missing = [m for m in done if m.id and not all(m.string if isinstance(m.string, tuple) else [m.string])]
        print(f"{name}: {len(done)} texts, {len(missing)} without translation")
        for message in missing:
            print(f"  {message.id!r}")
