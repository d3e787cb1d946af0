"""Turn changes of single cells, as a page in the browser makes them, into the same Edits that an error file gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from pipeline import store
from pipeline.errors import Misuse
from pipeline.folder import RunFolder
from pipeline.language import say
from pipeline.rounds.causes import Replacement
from pipeline.rounds.reading import Edits
from pipeline.rounds.rows import reached
from pipeline.rounds.standing import corrections


def edited(
    folder: RunFolder, changes: Mapping[int, Mapping[int, str | None]], replacements: Sequence[Replacement] = (), *,
    everything: bool = False,
) -> Edits:  # fmt: skip
    """Edits of the rows named by `origin` (see `corrections`): new texts by column index, None for a blank cell.

    Rows without a change are part of the round where `everything` is set, or where a replacement is about them.

    Raises:
        Misuse: a row is not to be corrected, or a column is not there.
    """
    headers = store.facts(folder)["headers"]
    wrong = [c for cells in changes.values() for c in cells if not 0 <= c < len(headers)]
    if wrong:
        raise Misuse(
            say("the run has no column {number}", number=wrong[0]),
            say("Its columns are 0 to {last}.", last=len(headers) - 1),
        )
    cells = [f"c{i}" for i in range(len(headers))]
    rows, left = [], set(changes)
    for batch in corrections(folder):
        named = pl.col("origin").is_in(list(changes))
        wanted = batch if everything else batch.filter(named | reached(replacements) if replacements else named)
        for line in wanted.iter_rows(named=True):
            new = {f"c{i}": text for i, text in changes.get(line["origin"], {}).items()}
            left.discard(line["origin"])
            place = (line["row"], line["source"] or None, line["sheet"], str(line["row"]), line["key"])
            rows.append((*place, *(new.get(n, line[n]) for n in cells)))
    if left:
        raise Misuse(
            say("row {row} is not to be corrected: it is in, or its fate is open", row=min(left)),
            say("Look at the run again."),
        )
    names = ("_source", "_sheet", "_row", "_key", *cells)
    schema = {"line": pl.UInt32, **dict.fromkeys(names, pl.String)}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    # Texts that a page sends are what a person typed: no program has rewritten them.
    return Edits(frame, replacements=tuple(replacements), name=say("the review"), typed=True)
