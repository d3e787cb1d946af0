"""Turn what a preset or a mapping file says about rows into which rows of a batch are no customers.

A list of contacts holds more than customers: the people of a company, suppliers, closed accounts. Such rows
are left out, each with the reason; nothing else of them is judged.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from pipeline.language import say
from pipeline.mapping.naming import find_loosely
from pipeline.mapping.presets import recognise
from pipeline.mapping.request import MappingFile, MappingRequest
from pipeline.mapping.words import fold

ANY = "*"


@dataclass(frozen=True)
class RowRule:
    """Rows are left out where all `tests` hold: the cell of the column `index` is one of the words.

    A word `*` is any cell that is not blank, an empty word a blank cell; others are compared without case and
    surrounding space. `reason` says why, for a person.
    """

    reason: str
    tests: tuple[tuple[int, frozenset[str]], ...]


def row_rules(headers: tuple[str, ...], request: MappingRequest) -> tuple[RowRule, ...]:
    """The rules that hold for a source: those of its preset, unless `all_rows` is set, and the mapping file's.

    Raises:
        Misuse: the mapping file names a column that the source does not have.
    """
    file = request.file or MappingFile()
    preset = recognise(headers, request.preset or file.options.get("preset"))
    found = []
    folded = [fold(header) for header in headers]
    for reason, where in preset.left_out_rows if preset and not file.options.get("all_rows") else ():
        if all(folded.count(header) == 1 for header in where):
            found.append(RowRule(say(reason), tuple((folded.index(header), words) for header, words in where.items())))
    for header, words in file.skip.items():
        at = find_loosely(header, headers, file.where("skip", header))
        said = ", ".join(repr(w) if w not in ("", ANY) else {"": say("blank"), ANY: say("filled")}[w] for w in words)
        found.append(
            RowRule(
                say("{header} is {said}", header=header, said=said),
                ((at, frozenset(w.strip().lower() for w in words)),),
            )
        )
    return tuple(found)


def left_out(cells: pl.DataFrame, rules: tuple[RowRule, ...]) -> pl.Series:
    """Why each row of `cells` (c0..cN) is left out (String, null where it is not); the first rule that holds."""
    reason = pl.lit(None, dtype=pl.String)
    for rule in reversed(rules):
        tests = [_holds(f"c{index}", words) for index, words in rule.tests]
        reason = pl.when(pl.all_horizontal(tests)).then(pl.lit(rule.reason)).otherwise(reason)
    return cells.select(pl.repeat(None, pl.len(), dtype=pl.String).alias("_"), reason.alias("left_out"))["left_out"]


def _holds(name: str, words: frozenset[str]) -> pl.Expr:
    text = pl.col(name).str.strip_chars().str.to_lowercase().fill_null("")
    hit = text.is_in(sorted(words - {ANY}))
    return hit | (text != "") if ANY in words else hit
