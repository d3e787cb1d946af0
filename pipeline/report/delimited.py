"""Turn batches of text columns into a CSV file that a spreadsheet program opens without computing anything.

UTF-8 with a byte order mark, the source's delimiter, one header line; see `safe` for cells that look like
formulas.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl
import polars.selectors as cs

from pipeline.report.safe import escape_text, guarded

BOM = b"\xef\xbb\xbf"


class CsvFile:
    """A CSV file that grows batch by batch; `path` must exist (a scratch file of the run folder)."""

    def __init__(self, path: Path, headers: Sequence[str], delimiter: str | None, *, raw: bool) -> None:
        """Open the file and write its header; `raw` leaves cells that look like formulas as they are."""
        self._delimiter = delimiter if delimiter and len(delimiter.encode()) == 1 else ","
        self._raw = raw
        self._file = path.open("wb")
        self._file.write(BOM)
        shown = headers if raw else [escape_text(name) for name in headers]
        self._append(pl.DataFrame({str(i): [name or None] for i, name in enumerate(shown)}))

    def write(self, *frames: pl.DataFrame) -> None:
        """Append the rows of frames that stand side by side."""
        rows = pl.concat(frames, how="horizontal")
        if not self._raw:
            rows = rows.with_columns(guarded(rows.select(cs.string())))
        self._append(rows)

    def _append(self, rows: pl.DataFrame) -> None:
        rows.write_csv(self._file, include_header=False, separator=self._delimiter)

    def close(self) -> None:
        """Close the file; more than once does no harm."""
        self._file.close()
