"""Turn judged batches into a plan: what will be done with every row, and why.

`encoded` makes of a batch what is kept of it, `Builder` takes what was made in order and spools it; `finish` settles
what needs the whole file (the same customer twice, who is already at the target) and writes `plan.parquet` and
`plan.json`. Nothing is sent.
"""

from pipeline.plan.build import Builder
from pipeline.plan.encode import Choices, Made, encoded

__all__ = ["Builder", "Choices", "Made", "encoded"]
