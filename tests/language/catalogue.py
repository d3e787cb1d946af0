"""Turn the texts in the code into the catalogues of the other languages: what is new is added, what is gone is removed.

    python -m tests.language.catalogue

writes `pipeline/language/LANGUAGE.po` anew (new texts get an empty translation, to be filled in by hand or with any
gettext editor) and compiles `LANGUAGE.mo` from it. Run it again after translating.
"""

from __future__ import annotations

import io
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from pipeline.language import LANGUAGES

PACKAGE = Path(__file__).parents[2] / "pipeline"
FOLDER = PACKAGE / "language"
KEYWORDS = {"say": None, "say_n": (1, 2)}
OTHERS = [language for language in LANGUAGES if language != "en"]


def template() -> Catalog:
    """Every text that the code says."""
    found = Catalog(project="customer-import", charset="utf-8", fuzzy=False)
    for _, _, text, _, _ in extract_from_dir(str(PACKAGE), [("**.py", "python")], keywords=KEYWORDS):
        found.add(text, flags={"python-brace-format"} if "{" in str(text) else ())
    return found


def read(language: str) -> Catalog:
    """The catalogue of a language as it is in the package; an empty one where there is none yet."""
    path = FOLDER / f"{language}.po"
    if not path.exists():
        return Catalog(locale=language, project="customer-import", charset="utf-8", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=language, charset="utf-8")


def compiled(catalogue: Catalog) -> bytes:
    """The content of the .mo file."""
    held = io.BytesIO()
    write_mo(held, catalogue)
    return held.getvalue()


def write(language: str) -> Catalog:
    """Bring a language's files up to date with the code; gives its catalogue."""
    catalogue = read(language)
    catalogue.update(template(), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    with (FOLDER / f"{language}.po").open("wb") as file:
        write_po(file, catalogue, width=120, sort_output=True, omit_header=False, ignore_obsolete=True)
    (FOLDER / f"{language}.mo").write_bytes(compiled(catalogue))
    return catalogue


if __name__ == "__main__":
    for name in OTHERS:
        done = write(name)
        missing = [m for m in done if m.id and not all(m.string if isinstance(m.string, tuple) else [m.string])]
        print(f"{name}: {len(done)} texts, {len(missing)} without translation")
        for message in missing:
            print(f"  {message.id!r}")
