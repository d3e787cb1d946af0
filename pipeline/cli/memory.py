"""Turn the processors, and the size of what is read, into how the libraries below get memory and threads, before they are loaded."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterable
from pathlib import Path

COLLECTED, RARELY = 100_000, 400_000
"""So many more objects are worth a search for garbage: modules and models are none, and they are all that a short run makes."""

SHORT = 300_000
"""Octets of a list that one thread reads as fast as two: of some 1,400 rows. To wake another for each step takes longer."""
PACKED = 3
"""A workbook is so many times as long as its file."""


def settle() -> None:
    """Set what is read once, when polars and numpy are loaded; what the environment says already stays.

    jemalloc keeps four arenas a processor, so that what one thread lets go of another one asks the system for anew, and
    gives large pieces back at once: of a run with large batches a tenth would be spent on pages that come and go.
    """
    gc.set_threshold(COLLECTED, 20, 20)
    arenas = os.cpu_count() or 1
    os.environ.setdefault("_RJEM_MALLOC_CONF", f"narenas:{arenas},oversize_threshold:0,dirty_decay_ms:2000")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # nothing here is for its threads, which wait by spinning


def settle_for(sources: Iterable[str], books: Iterable[str]) -> None:
    """Spare what only long lists pay for where all `sources` together are short; `books` are the endings of workbooks."""
    octets = 0
    for source in sources:
        path = Path(source)
        try:
            octets += path.stat().st_size * (PACKED if path.suffix.lower() in books else 1)
        except OSError:  # standard input, or a file that is not there
            return
    if octets <= SHORT:
        gc.set_threshold(RARELY, 20, 20)
        os.environ.setdefault("POLARS_MAX_THREADS", "1")
