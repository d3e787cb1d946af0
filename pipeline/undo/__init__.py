"""Turn a pushed run back, as far as that is safe: updated customers get back what they held, created ones are listed.

A field is put back where the customer still holds the value that we sent; one that somebody else has changed since
stays, and is said. Nothing is ever deleted: Piriod may delete for good. Each step is in the journal: the intention
before the request leaves, then what came of it. Putting back is safe to repeat, as every customer is read first, so
that an undo which was killed at any moment goes on where it stopped:

    (absent) ──read──▶ unchanged | left                           there is nothing (any more) to put back
        └────intend──▶ sent ──answer──▶ restored | partly         partly: some fields are left
                        │    ────────▶ rejected | failed          as the customer was after the run
                        └──no answer─▶ unknown ──undo RUN──▶ read again
"""

from pipeline.undo.flow import Ahead, Listed, ahead, undo
from pipeline.undo.undoer import DONE, Result

__all__ = ["DONE", "Ahead", "Listed", "Result", "ahead", "undo"]
