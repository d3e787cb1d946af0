"""Turn what is about to be sent, and what came back, into a memory that survives the process.

One SQLite file (`journal.db`) in the run folder; one line for each row of the plan that was touched. The
intention is committed before the request leaves, the outcome before anyone hears of it:

    (absent) ──intend──▶ sent ──answer──▶ created | updated                            the row is in
        │                 │ ▲   ────────▶ rejected                                      the target refused it
        │                 │ └──────────── (429, connection never made: intend again)
        │                 ├─no answer───▶ unknown ──look-up──▶ created | updated | sent (again)
        │                 ├─gave up─────▶ failed                                        certainly not in
        │                 └─stopped─────▶ planned                                       certainly not in, goes on
        └─nothing to send─▶ skipped | unchanged | invalid | failed | rejected (as the first row of its customer)

    failed, rejected ──push --retry──▶ like (absent)         planned ──push──▶ like (absent)
    created ──another row has the same id──▶ unknown         (two rows cannot be one customer)

TRANSITIONS is the same as a table. A row found as `sent` when a run goes on was in flight when the process died:
it is `unknown`. `sent_at` is the time of the last request that may have arrived: it is taken back where the answer
proves that nothing was done, so that a failed row that still has one is looked up before it is ever sent again. How
long ago that was is told by a clock of the journal's own (`clock`): that of the day can be set.

Commits are grouped: while one transaction is being written, the next one collects; each writer waits for
its own. `synchronous=FULL`: a committed intention survives power loss. A commit that fails is no commit: nobody
who waits for it goes on, and the run stops.

What was committed can be lost by others: a file cut short, a copy without its `-wal`, a flipped bit. Each line has
a checksum, each commit a number, and the number of the last one is noted in a file of its own beside the database:
a journal that knows less than it once did is refused (see `disk`), never taken for an empty one.
"""

from typing import TYPE_CHECKING, Any

from pipeline.journal.clock import Clock, Machine, machine
from pipeline.journal.entry import FINAL, IN, OPEN, PLANNED, STATES, TRANSITIONS, Entry, Undone
from pipeline.journal.reading import OUTCOME_SCHEMA, LastSent, last_sent, outcomes, seqs, to_put_back, undone

if TYPE_CHECKING:
    from pipeline.journal.memory import Journal, Writer

__all__ = [
    "FINAL",
    "IN",
    "OPEN",
    "OUTCOME_SCHEMA",
    "PLANNED",
    "STATES",
    "TRANSITIONS",
    "Clock",
    "Entry",
    "Journal",
    "LastSent",
    "Machine",
    "Undone",
    "Writer",
    "last_sent",
    "machine",
    "outcomes",
    "seqs",
    "to_put_back",
    "undone",
]


def __getattr__(name: str) -> Any:
    """`Journal` and `Writer` are loaded by who sends: who only reads a journal need not wait for an event loop's library."""
    if name not in ("Journal", "Writer"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from pipeline.journal import memory

    return getattr(memory, name)
