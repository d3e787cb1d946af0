"""Turn a run whose rows are not all in into a page in the browser where a person finishes the job.

    run folder ──Desk──▶ rows, problems, causes ──app──▶ the page
         ▲                      │ edits, each in `.review.db` before it is answered
         └──── round-N ◀── Pushing ◀── "push the corrected rows"

The page shows and asks; every edit is judged by the same pipeline as any row, on this side. `serve` listens on the
loopback address only.
"""

from pipeline.review.component import missing_component
from pipeline.review.desk import Desk, Servers
from pipeline.review.server import serve

__all__ = ["Desk", "Servers", "missing_component", "serve"]
