"""Turn a reviewed plan into customers at the target, each outcome in the journal before anyone hears of it."""

from pipeline.push.engine import Engine, Options, Result

__all__ = ["Engine", "Options", "Result"]
