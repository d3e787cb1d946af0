"""Turn judged batches into a plan: what will be done with every row, and why.

`Builder` takes the batches as they come and spools them; `finish` settles what needs the whole file (the same
customer twice, who is already at the target) and writes `plan.parquet` and `plan.json`. Nothing is sent.
"""

from pipeline.plan.build import Builder, Choices, Made

__all__ = ["Builder", "Choices", "Made"]
