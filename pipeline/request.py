"""Turn what a caller asks for, with files or frames as sources, into the options of the flow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from os import PathLike
from pathlib import Path
from typing import Any, Literal, TypedDict

import polars as pl

from pipeline.language import say
from pipeline.options import RunOptions
from pipeline.report import RESERVED
from pipeline.roundtrip import MARKS

Source = str | PathLike[str] | pl.DataFrame


class Reading(TypedDict, total=False):
    """How a source is read and understood, and what is done with it: the flags of `run`, under their own names."""

    map: Mapping[str, str]
    set: Mapping[str, str]
    default: Mapping[str, str]
    mapping: str | PathLike[str]
    preset: str
    sheet: str
    header_row: int
    encoding: str
    delimiter: str
    limit: int
    decimal: Literal[",", "."]
    date_order: Literal["dmy", "mdy", "ymd"]
    account_country: str
    business_currency: str
    states: str | PathLike[str]
    on_existing: Literal["skip", "update", "error"]
    match: str
    duplicates: Literal["error", "first", "last", "all"]
    blank: Literal["keep", "clear"]


def options(
    source: Source | Sequence[Source], target: str, scratch: Path, how: Reading, **more: Any
) -> RunOptions:  # fmt: skip
    """The options of the flow; frames are written as CSV first, so that what holds for a file holds for them."""
    given: dict[str, Any] = dict(how)
    every = list(source) if isinstance(source, Sequence) and not isinstance(source, str) else [source]
    paths = [str(_written(one, scratch / f"frame{n}.csv" if n else scratch / "frame.csv")) if isinstance(one, pl.DataFrame)
             else str(one) for n, one in enumerate(every)]  # fmt: skip
    if any(isinstance(one, pl.DataFrame) for one in every):
        given |= {"encoding": "utf-8", "delimiter": ",", "header_row": 1}
    named = {
        "map": "assigned",
        "set": "constants",
        "default": "defaults",
        "mapping": "mapping_file",
        "states": "states_file",
    }
    flags = {named.get(name, name): value for name, value in given.items()}
    if unknown := flags.keys() - {f.name for f in fields(RunOptions)}:
        raise TypeError(say("unknown option: {names}", names=", ".join(sorted(unknown))))
    for name in ("account_country", "business_currency"):
        if flags.get(name) is not None:
            flags[name] = str(flags[name]).upper()
    for name in ("mapping_file", "states_file"):
        if flags.get(name) is not None:
            flags[name] = Path(flags[name])
    return RunOptions(sources=tuple(paths), target=target, **flags, **more)


def _written(frame: pl.DataFrame, path: Path) -> Path:
    """The frame as a CSV file; helper columns of an earlier run's rows are left out, as those of a result file are."""
    kept = [n for n in frame.columns if n not in RESERVED] if set(frame.columns) >= MARKS else frame.columns
    frame.select(pl.col(kept).cast(pl.String)).write_csv(path, quote_style="always")
    return path
