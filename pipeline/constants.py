"""Turn the values that the user gives to all rows into a stop, where no row could be sent with one of them.

A slip in `--set country=Chlie` would else be told once for each row, and no cell of the file could be corrected.
"""

from __future__ import annotations

import polars as pl
from pydantic import BaseModel

from pipeline import issues
from pipeline.errors import Misuse
from pipeline.handoff import Mapping, Settings
from pipeline.language import say
from pipeline.normalise import normalise
from pipeline.options import RunOptions
from pipeline.schema import find

ALONE = frozenset({"country", "currency", "flag", "choice", "email", "url"})
"""The kinds of fields that are judged by their own text, whatever else the row holds."""

HOPELESS = (".unknown", ".syntax")
"""How the codes end of what no other cell of the row can settle."""


def refuse_hopeless(mapping: Mapping, record: type[BaseModel], options: RunOptions) -> None:
    """Judge constants and defaults before any row is; those that `options` does not have are from the mapping file.

    Raises:
        Misuse: the first one that cannot be, as the rows would have said it.
    """
    told_by = (("--set", "[set]", options.constants), ("--default", "[defaults]", options.defaults))
    for given, (flag, table, typed) in zip((mapping.constants, mapping.defaults), told_by, strict=True):
        alone = [name for name in given if (field := find(record, name)) is not None and field.kind in ALONE]
        if not alone:
            continue
        cells = pl.DataFrame({name: [given[name]] for name in alone}, schema=dict.fromkeys(alone, pl.String))
        found = issues.render(normalise(cells, Mapping(()), record, Settings()).issues)
        for told in found.iter_rows(named=True):
            if told["severity"] == "error" and told["code"].endswith(HOPELESS):
                where = f"{flag if told['field'] in typed else table} {told['field']}={told['value']}"
                raise Misuse(say("{where}: {why}", where=where, why=told["message"]), told["remedy"])
