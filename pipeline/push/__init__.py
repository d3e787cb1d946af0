"""Turn a reviewed plan into customers at the target, each outcome in the journal before anyone hears of it."""

from pipeline.push.answered import cut
from pipeline.push.attempt import Options
from pipeline.push.engine import Engine
from pipeline.push.forbidden import FORBIDDEN, MOST, MOST_AT_FIRST, readable
from pipeline.push.form import ROWS as UPLOAD_ROWS
from pipeline.push.form import form
from pipeline.push.queue import Queue, unsettled
from pipeline.push.resolve import resolver
from pipeline.push.update import Existing
from pipeline.push.verdict import same, shown

__all__ = [
    "FORBIDDEN",
    "MOST",
    "MOST_AT_FIRST",
    "UPLOAD_ROWS",
    "Engine",
    "Existing",
    "Options",
    "Queue",
    "cut",
    "form",
    "readable",
    "resolver",
    "same",
    "shown",
    "unsettled",
]
