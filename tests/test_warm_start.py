"""A command that is a fork says, writes and ends as one that Python starts anew."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
import warm_start
from conftest import Shell, people, write_csv

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
QUESTIONS = (("targets",), ("push", "--nothing"), ("inspect", "list.csv", "--json"), ("run", "none.csv", "--to", "piriod"),
             ("--version",), ("run", "list.csv", "--to", "piriod", "--dry-run", "--offline", "--json", "--out", "made"))  # fmt: skip


@pytest.mark.parametrize("words", QUESTIONS, ids=" ".join)
def test_a_fork_is_a_start(words: tuple[str, ...], shell: Shell) -> None:
    """The same exit code, the same text on both outputs."""
    write_csv(shell.home / "list.csv", people(3))
    fork = shell.start(*words)
    assert isinstance(fork, warm_start.Command)
    told = fork.communicate(timeout=60)
    if "made" in words:
        (shell.home / "made").rename(shell.home / "before")
    anew = subprocess.run([sys.executable, "-m", "pipeline", *words], cwd=shell.home, env=shell.env, check=False,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)  # fmt: skip
    assert (fork.returncode, *told) == (anew.returncode, anew.stdout, anew.stderr)


def test_a_fork_dies_of_a_signal_alone(shell: Shell) -> None:
    """A killed fork ends as killed processes do, and the next one starts all the same."""
    first = shell.start("sandbox", "--port", "0", "--json")
    assert first.poll() is None and first.stdout and first.stdout.readline() == "{\n"
    with pytest.raises(subprocess.TimeoutExpired):
        first.wait(0.05)
    began = time.monotonic()
    first.send_signal(signal.SIGKILL)
    assert first.wait(30) == -signal.SIGKILL == first.poll()
    first.communicate()
    assert time.monotonic() - began < 30
    assert shell("--version").code == 0


@pytest.mark.parametrize("name", ["PYTHONPATH", "LC_ALL", "LANG"])
def test_what_changes_how_python_starts_is_a_start_of_its_own(name: str, shell: Shell) -> None:
    """A fork has the interpreter of the process that it comes from."""
    assert warm_start.possible(shell.env)
    assert not warm_start.possible({**shell.env, name: "1"})
