"""Turn any spreadsheet source into a Sheet: every cell as the text a person sees, and nothing lost.

bytes ──source──▶ kind ──┬─ text: encoding ▶ dialect ▶ delimited (polars, or tolerant) ─┐
                         └─ book: cage (a child process) ▶ sheets of cells ─────────────┴▶ grid ──table──▶ Sheet
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.read.source import must_exist, sha256, take

if TYPE_CHECKING:
    from pipeline.handoff import Sheet
    from pipeline.progress import Progress

__all__ = ["ReadOptions", "must_exist", "open_sheet", "sha256"]


@dataclass(frozen=True)
class ReadOptions:
    """What the user overrules: None means "detect it".

    `header_row` is the row number that a spreadsheet program shows, 0 where there is no header; `limit` is
    the number of data rows to hand over (the rest is counted).
    """

    sheet: str | None = None
    header_row: int | None = None
    encoding: str | None = None
    delimiter: str | None = None
    limit: int | None = None


def open_sheet(source: Path | str, options: ReadOptions, scratch: Path, progress: Progress) -> Sheet:
    """Open a source ("-": standard input) and find its table; `scratch` holds temporary files while it is used.

    Raises:
        Unreadable: it is missing, empty, damaged, protected, not a spreadsheet, or has two readings.
    """
    # The caged child imports this package too, and shall not wait for what it has no use for.
    from pipeline.language import say
    from pipeline.read import delimited, table, workbook

    found = take(source, scratch)
    if found.kind == "book":
        grid, facts = workbook.read(found, options.sheet, scratch, progress, options.encoding)
        unused = {
            "--delimiter": options.delimiter,
            "--encoding": facts.kind not in workbook.DECLARED and options.encoding,
        }
    else:
        grid, facts = delimited.read(found, options.encoding, options.delimiter, options.header_row, scratch, progress)
        unused = {"--sheet": options.sheet}
    said = (say("{flag} is not used for {name}", flag=flag, name=facts.name) for flag in unused if unused[flag])
    facts = replace(facts, notes=(*facts.notes, *said))
    return table.build(grid, facts, options.header_row, options.limit, prefixes=found.kind == "text")
