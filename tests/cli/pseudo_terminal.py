"""A command run at a pseudo-terminal, and what a person would see there."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
ERASED = re.compile(r"\x1b\[K")
ISOLATES = str.maketrans("", "", "\u2068\u2069")
DANGEROUS = re.compile("[\x00-\x07\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066\u2067]")


def at_terminal(
    args: list[str], home: Path, env: dict[str, str], columns: int = 80, interrupt: bytes = b"", seconds: float = 90
) -> tuple[int, str]:
    """Run `customer-import ARGS` with all streams at a terminal of `columns`; the exit code, and all that was written.

    With `interrupt`, SIGINT is sent as the terminal would, as soon as that text was written.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline", *args], cwd=home, stdin=theirs, stdout=theirs, stderr=theirs,
        env={"TERM": "xterm-256color", **{n: v for n, v in env.items() if n != "COLUMNS"}}, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    written, until = b"", time.monotonic() + seconds
    try:
        while time.monotonic() < until:
            if select.select([ours], [], [], 0.2)[0]:
                try:
                    written += os.read(ours, 65536)
                except OSError:  # the other side is closed
                    break
                if interrupt and interrupt in written:
                    process.send_signal(signal.SIGINT)
                    interrupt = b""
            elif process.poll() is not None:
                break
        return process.wait(timeout=max(1.0, until - time.monotonic())), written.decode("utf-8", "replace")
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        os.close(ours)


def lines(written: str) -> list[str]:
    """The lines that stay on the screen: what was drawn over is gone, and so are colours."""
    return [COLOUR.sub("", ERASED.sub("", line.split("\r")[-1])) for line in written.replace("\r\n", "\n").split("\n")]


def dangers(written: str) -> list[str]:
    """What a terminal would obey, besides colours, the erasing of a line, and closed isolates around a text."""
    plain = ERASED.sub("", COLOUR.sub("", written))
    assert plain.count("\u2068") == plain.count("\u2069")
    return DANGEROUS.findall(plain)
