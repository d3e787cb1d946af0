"""Turn the number of processors into how the libraries below get their memory and threads, before they are loaded."""

from __future__ import annotations

import gc
import os

COLLECTED = 100_000
"""So many more objects are worth a search for garbage: modules and models are none, and they are most of a short run."""


def settle() -> None:
    """Set what is read once, when polars and numpy are loaded; what the environment says already stays.

    jemalloc keeps four arenas a processor, so that what one thread lets go of another one asks the system for anew, and
    gives large pieces back at once: of a run with large batches a tenth would be spent on pages that come and go.
    """
    gc.set_threshold(COLLECTED, 20, 20)
    arenas = os.cpu_count() or 1
    os.environ.setdefault("_RJEM_MALLOC_CONF", f"narenas:{arenas},oversize_threshold:0,dirty_decay_ms:2000")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # nothing here is for its threads, which wait by spinning
