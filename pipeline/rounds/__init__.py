"""Turn an error file that a person corrected into a round of its run: recognised, matched, planned, then pushed.

    errors.xlsx ──recognise──▶ Edits ──check──▶ what it would come to
                                 └─────start──▶ round-N/plan.parquet in the run folder, for `push`

`corrections` gives the rows that are not in, with their texts and problems; `edited` makes Edits of changes to them
that were made elsewhere than in a file. What corrects is loaded when it is first used: most runs have no corrections.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.rounds.belonging import KEEP_OURS, mark, newest_errors
    from pipeline.rounds.causes import Replacement
    from pipeline.rounds.edits import edited
    from pipeline.rounds.ours import lost_its_mark, may_be_ours
    from pipeline.rounds.placing import withdraw
    from pipeline.rounds.planning import Checked, check, start
    from pipeline.rounds.reading import Edits, recognise
    from pipeline.rounds.said import Said
    from pipeline.rounds.standing import corrections

__all__ = [
    "KEEP_OURS",
    "Checked",
    "Edits",
    "Replacement",
    "Said",
    "check",
    "corrections",
    "edited",
    "lost_its_mark",
    "mark",
    "may_be_ours",
    "newest_errors",
    "recognise",
    "start",
    "withdraw",
]

_PLACES = {
    "belonging": ("KEEP_OURS", "mark", "newest_errors"),
    "causes": ("Replacement",),
    "edits": ("edited",),
    "ours": ("lost_its_mark", "may_be_ours"),
    "placing": ("withdraw",),
    "planning": ("Checked", "check", "start"),
    "reading": ("Edits", "recognise"),
    "said": ("Said",),
    "standing": ("corrections",),
}


def __getattr__(name: str) -> Any:
    for place, names in _PLACES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{place}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
