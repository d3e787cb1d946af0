"""What is set before the libraries are loaded, and what stays as the environment has it."""

from __future__ import annotations

import os
import subprocess
import sys


def told(**extra: str) -> list[str]:
    """What a process has in its environment once the settings are made, and whether polars was loaded by then."""
    program = (
        "import os, sys; from pipeline.cli import memory; memory.settle();"
        "print('polars' in sys.modules, os.environ['_RJEM_MALLOC_CONF'], os.environ['OPENBLAS_NUM_THREADS'])"
    )
    names = ("_RJEM_MALLOC_CONF", "OPENBLAS_NUM_THREADS")
    env = {n: v for n, v in os.environ.items() if n not in names} | {
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path))
    }
    done = subprocess.run([sys.executable, "-c", program], env=env | extra, capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_the_settings_are_made_before_polars_is_loaded() -> None:
    """They are read once, when it is."""
    assert told() == ["False", f"narenas:{os.cpu_count()},oversize_threshold:0,dirty_decay_ms:2000", "1"]


def test_what_the_environment_says_stays() -> None:
    """Whoever runs it may know better."""
    assert told(_RJEM_MALLOC_CONF="narenas:9", OPENBLAS_NUM_THREADS="7") == ["False", "narenas:9", "7"]
