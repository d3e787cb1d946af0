"""Turn a plan into `plan.parquet` and `plan.json`, and back, with hashes that guard both.

`plan.parquet` holds every data row read, in input order; it is never changed after planning. Besides the
columns of PLAN_SCHEMA it has the source's own cells as `c0`..`cN` (String). `plan.json` holds the hash of the
parquet file, so that a plan that was torn or edited is refused.

A correction of the run is a plan of its own in `round-N/`; its rows count on from the last one of the plan before.
`origin` is the seq of the first version of a row: of the rows with one origin only the newest counts, the others
are superseded.
"""

from pipeline.store.columns import ISSUE, PLAN_SCHEMA, ROUND_SCHEMA, ROWS
from pipeline.store.reading import batches, current, newest, rows, superseded, versions
from pipeline.store.told import PUSHED, end, facts, mark_pushed, own_facts, plans, unpushed, verify
from pipeline.store.written import Group, encoded, write

__all__ = [
    "ISSUE", "PLAN_SCHEMA", "PUSHED", "ROUND_SCHEMA", "ROWS", "Group", "batches", "current", "encoded", "end", "facts",
    "mark_pushed", "newest", "own_facts", "plans", "rows", "superseded", "unpushed", "verify", "versions", "write",
]  # fmt: skip
