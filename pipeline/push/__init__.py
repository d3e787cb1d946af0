"""Turn a reviewed plan into customers at the target, each outcome in the journal before anyone hears of it."""

from pipeline.push.attempt import Options
from pipeline.push.engine import Engine, Result, unwrap
from pipeline.push.queue import Queue, unsettled
from pipeline.push.resolve import resolver

__all__ = ["Engine", "Options", "Queue", "Result", "resolver", "unsettled", "unwrap"]
