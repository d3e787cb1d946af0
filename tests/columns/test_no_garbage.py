"""What is judged is let go of at once: nothing waits for the search for garbage, which comes late and rarely."""

from __future__ import annotations

import gc
import weakref

import polars as pl
import pytest

from pipeline import targets
from pipeline.columns import normaliser
from pipeline.handoff import Around
from pipeline.schema import fields

TEXTS = {
    "phone": ["+999 12345", "+0 55", "0", "999999999999999999", "+56 2 2345 6789", "12", "n/a", "+1 555"],
    "email": ["a@", "@b", "ana@example.com", "ana..b@example.com", "ana@exa mple.com"],
    "tax_id": ["76.086.428-5", "1-1", "abc", "76086428-K", ""],
}


class Held:
    """Stands for the batch that a caller has at hand."""


def judged(kind: str, texts: list[str | None]) -> weakref.ref[Held]:
    """Judge the texts as one who has something at hand."""
    held = Held()
    field = next(f for f in fields(targets.load("piriod").record).values() if f.kind == kind)
    cells = pl.Series(field.name, texts, dtype=pl.String)
    country = pl.Series("country", ["CL", None, "US", "MX", "BR"] * len(texts), dtype=pl.String).head(len(texts))
    normaliser(kind)(cells, Around(field, country))
    return weakref.ref(held)


@pytest.mark.parametrize("kind", sorted(TEXTS))
@pytest.mark.parametrize("times", [1, 50])
def test_a_judged_batch_is_not_held(kind: str, times: int) -> None:
    """Nothing that judges keeps its caller alive, whatever exceptions its libraries have met."""
    judged(kind, ["1"])  # what is loaded once stays
    gc.collect()
    gc.disable()
    try:
        assert judged(kind, [f"{text}{n or ''}" for text in TEXTS[kind] for n in range(times)])() is None
    finally:
        gc.enable()
