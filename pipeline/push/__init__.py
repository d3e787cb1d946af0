"""Turn a reviewed plan into customers at the target, each outcome in the journal before anyone hears of it."""

from pipeline.push.engine import Engine, Options, Result, unwrap
from pipeline.push.queue import Queue
from pipeline.push.resolve import resolver

__all__ = ["Engine", "Options", "Queue", "Result", "resolver", "unwrap"]
