"""Turn rows that were corrected although an earlier request for them may have arrived into knowledge, before a push.

The journal keeps the time of a request that may have arrived even where the row was not found at the target
afterwards. Its correction is sent only if the customer is still not there.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from pipeline import store, typed
from pipeline.client import Client
from pipeline.errors import Unavailable
from pipeline.folder import RunFolder
from pipeline.journal import IN, OPEN, Entry, Journal
from pipeline.language import say
from pipeline.push import Queue
from pipeline.push.fate import Detective
from pipeline.push.queue import COLUMNS, Row
from pipeline.push.resolve import Resolver
from pipeline.push.verdict import NotThere, There
from pipeline.push.witness import Case
from pipeline.targets.interface import Identity, Target

RETRIED = ("failed", "rejected")


async def settle_superseded(
    folder: RunFolder, client: Client, target: Target, journal: Journal, queue: Queue, identities: Sequence[Identity],
    resolve: Resolver,
) -> list[int]:  # fmt: skip
    """Look up the superseded rows that may have arrived; the correction of one that did is not sent.

    Returns:
        The corrections (seq) that no push may send, whatever it tries again: their first version may be in.

    Raises:
        Unavailable: the target cannot be asked.
    """
    newest = store.newest(folder, store.superseded(folder))
    doubtful = {e.seq: e for e in journal.in_doubt(RETRIED) if e.seq in newest}
    todo = {seq: e for seq, e in doubtful.items() if _may_go(journal, newest[seq])}
    if not todo:
        return []
    names = [n for n in COLUMNS if n != "status"]
    frame = store.rows(folder, _series(todo), names).select(names)
    cases: list[Case] = [(row, todo[row.seq]) for row in (Row(*line) for line in frame.iter_rows()) if row.payload]
    fates = await Detective(client, target, journal, queue, identities, resolve).fates(cases)
    entries: list[Entry] = []
    open_: list[int] = []
    for row, old in cases:
        fate, seq = fates.get(row.seq), newest[row.seq]
        if fate is None:
            raise Unavailable(
                say(
                    "{title} cannot be asked about row {row}, whose first request may have arrived",
                    title=target.title,
                    row=row.row,
                ),
                say(
                    "Nothing of its correction was sent. Look at the target, then: {command}",
                    command=typed.go_on(folder),
                ),
            )
        if isinstance(fate, There):
            state = "updated" if row.action == "update" else "created"
            entries.append(Entry(seq, state, row.action, fate.id, old.http_status, old.attempts, None,
                                 [(None, "row.earlier_version", fate.id)], old.before, old.known))  # fmt: skip
        elif not isinstance(fate, NotThere):
            entries.append(Entry(seq, "failed", row.action, problems=[(None, "target.unknown", fate.why)]))
            open_.append(seq)
    journal.put_soon(*entries)
    await journal.flush()
    return open_


def _may_go(journal: Journal, seq: int) -> bool:
    """Whether the correction is still to be sent."""
    known = journal.entry(seq)
    return known is None or known.state not in {*OPEN, *IN}


def _series(seqs: dict[int, Entry]) -> pl.Series:
    return pl.Series("seq", sorted(seqs), dtype=pl.UInt32)
