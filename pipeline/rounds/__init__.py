"""Turn an error file that a person corrected into a round of its run: recognised, matched, planned, then pushed.

    errors.xlsx ──recognise──▶ Edits ──check──▶ what it would come to
                                 └─────start──▶ round-N/plan.parquet in the run folder, for `push`

`corrections` gives the rows that are not in, with their texts and problems; `edited` makes Edits of changes to them
that were made elsewhere than in a file.
"""

from pipeline.rounds.causes import Replacement
from pipeline.rounds.edited import edited
from pipeline.rounds.planning import Checked, Said, check, start, withdraw
from pipeline.rounds.reading import Edits, mark, newest_errors, recognise
from pipeline.rounds.standing import corrections

__all__ = [
    "Checked",
    "Edits",
    "Replacement",
    "Said",
    "check",
    "corrections",
    "edited",
    "mark",
    "newest_errors",
    "recognise",
    "start",
    "withdraw",
]
