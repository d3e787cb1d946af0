"""Turn the name of a text into the words a person reads, in English or Spanish.

The texts are data (`words.toml` beside this file, in English; other languages have them in their catalogue): everything
the report says beside the problems themselves, whose words are in `issues`.
"""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib import resources

from pipeline.language import LANGUAGES, number, say_of


@lru_cache(maxsize=1)
def languages() -> dict[str, dict[str, str]]:
    """The texts by language and name."""
    english = tomllib.loads(resources.files("pipeline.report").joinpath("words.toml").read_text(encoding="utf-8"))
    return {lang: {name: say_of(f"report {name}", text, lang) for name, text in english.items()} for lang in LANGUAGES}


class Words:
    """The texts of one language; English where the language is not known."""

    def __init__(self, lang: str) -> None:
        """Choose the language by its two-letter code."""
        self.lang = lang if lang in languages() else "en"
        self._texts = languages()[self.lang]

    def __call__(self, name: str, **parts: object) -> str:
        """The text called `name`, with its parts filled in; integers get the language's thousands sign."""
        shown = {key: self.number(part) if isinstance(part, int) else part for key, part in parts.items()}
        return self._texts[name].format(**shown)

    def counted(self, name: str, count: int, /, **parts: object) -> str:
        """The text that speaks of `count` rows: `name_1` where it is one, else `name`."""
        return self(f"{name}_1" if count == 1 else name, **parts)

    def number(self, count: int) -> str:
        """An integer with the language's thousands sign."""
        return number(count, self.lang)

    def share(self, count: int, whole: int) -> str:
        """`12.5 %` of a whole; never rounded to nothing, nor to all."""
        tenths = round(1000 * count / whole)
        tenths = max(1, min(999, tenths)) if 0 < count < whole else tenths
        return f"{number(tenths // 10 if tenths % 10 == 0 else tenths / 10, self.lang)}\N{NO-BREAK SPACE}%"

    def mode(self, name: str) -> str:
        """The mode of a run: LIVE, test or sandbox."""
        return self._texts.get(f"mode_{name.replace(' ', '_')}", name)

    def rows(self, count: int) -> str:
        """`1 row`, `2 rows`."""
        return self("p_row_1") if count == 1 else self("p_rows_n", n=count)

    def cells(self, count: int) -> str:
        """`1 cell`, `2 cells`."""
        return self("p_cell_1") if count == 1 else self("p_cells_n", n=count)
