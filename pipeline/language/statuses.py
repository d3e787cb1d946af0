"""Turn what became of rows, whose names are the same in every language, into words of the spoken one."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.language import later, later_n, say, say_n

COUNTED = {
    "created": later_n("{n:n} created", "{n:n} created"),
    "updated": later_n("{n:n} updated", "{n:n} updated"),
    "unchanged": later_n("{n:n} unchanged", "{n:n} unchanged"),
    "ready": later_n("{n:n} ready", "{n:n} ready"),
    "skipped": later_n("{n:n} skipped", "{n:n} skipped"),
    "invalid": later_n("{n:n} invalid", "{n:n} invalid"),
    "rejected": later_n("{n:n} rejected", "{n:n} rejected"),
    "failed": later_n("{n:n} failed", "{n:n} failed"),
    "unknown": later_n("{n:n} unknown", "{n:n} unknown"),
    "not_attempted": later_n("{n:n} not_attempted", "{n:n} not_attempted"),
}
"""What is said of so many rows of a status: those that are in come first."""
ONE = {
    "created": later("created"), "updated": later("updated"), "unchanged": later("unchanged"), "ready": later("ready"),
    "skipped": later("skipped"), "invalid": later("invalid"), "rejected": later("rejected"), "failed": later("failed"),
    "unknown": later("unknown"), "not_attempted": later("not_attempted"),
}  # fmt: skip
"""What is said of one row."""


def status(name: str) -> str:
    """The status of a row, as a person reads it."""
    return say(ONE.get(name, name))


def counted(counts: Mapping[str, int], between: str = " + ") -> str:
    """`12,000 created + 430 invalid`, without what there is none of."""
    return between.join(say_n(*forms, counts[name]) for name, forms in COUNTED.items() if counts.get(name))
