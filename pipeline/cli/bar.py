"""Turn progress into a line that moves at the terminal, or into a line a minute where nobody looks at one.

push      ██████░░░░  1,200/20,000 rows  48/s  6 min 32 s left  waiting 12 s: maintenance (503)
"""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pipeline import wire
from pipeline.cli import runlog, screen
from pipeline.cli.talk import duration, talk
from pipeline.language import number, say

if TYPE_CHECKING:
    from tqdm import tqdm

BEAT = 1.0
"""Seconds after which a line is drawn anew although nothing moved."""
SPOKEN = 60.0
"""Seconds between two lines where they cannot be drawn over each other."""
STALE = 2.5
"""Seconds after which a note says nothing about now."""
SHORTEST, LONGEST = 8, 24
"""Columns of the bar itself."""
ROOMY = 60
"""Columns from which on there is room for a bar."""
LATELY = 20
"""So many beats count for the pace."""

_shown: list[Bar] = []


class Bar:
    """A `Progress` drawn with tqdm on stderr; stages shorter than a second leave no trace."""

    def __init__(self, *, quiet: bool) -> None:
        """`quiet` shows nothing; where stderr is no terminal, what `say` tells, and how far it is once a minute."""
        self._quiet = quiet
        self._drawn = not quiet and screen.is_terminal(sys.stderr)
        self._bar: tqdm[Any] | None = None
        self._note, self._noted = "", 0.0
        self._stage, self._unit, self._done, self._began = "", "", 0, 0.0
        self._total: int | None = None
        self._samples: deque[tuple[float, int]] = deque(maxlen=LATELY)
        self._over: threading.Event | None = None

    def begin(self, stage: str, total: int | None, unit: str = "rows") -> None:
        """Start a bar for `stage`."""
        _heed_interrupts()
        self.end()
        self._stage, self._unit, self._total, self._done, self._note = stage, unit, total, 0, ""
        self._began = time.monotonic()
        self._samples = deque([(self._began, 0)], maxlen=LATELY)
        if self._drawn:
            self._bar = _line(self)
        if not self._quiet:
            self._over = threading.Event()
            threading.Thread(target=self._beat, args=(self._over,), daemon=True).start()
            _shown[:] = [self]

    def advance(self, count: int) -> None:
        """Move the bar."""
        self._done += count
        if self._bar is not None:
            self._bar.update(count)

    def note(self, text: str) -> None:
        """Show `text` behind the bar."""
        self._note, self._noted = text, time.monotonic()

    def end(self) -> None:
        """Remove the bar."""
        if self._over is not None:
            self._over.set()
            self._over = None
        if self._bar is not None:
            self._bar.close()
            self._bar = None
            sys.stderr.write("\r\x1b[K")  # also what Ctrl-C has left behind the bar
            sys.stderr.flush()
        if self._stage:
            runlog.stage(self._stage, time.monotonic() - self._began, self._done, self._unit)
            self._stage = ""

    def say(self, text: str) -> None:
        """Tell one line, above the bar."""
        if self._quiet:
            return
        with aside():
            talk(text.replace("\n", " "))

    def _beat(self, over: threading.Event) -> None:
        """Draw once a second, or say once a minute, also while nothing moves; ends with the stage."""
        while not over.wait(BEAT if self._drawn else SPOKEN):
            with contextlib.suppress(ValueError, OSError):  # the stream may be closed by now
                if self._bar is not None:
                    self._bar.refresh()
                elif not self._drawn and not over.is_set():
                    talk(f"{say(self._stage)}: {', '.join(self._parts())}")

    def _parts(self) -> list[str]:
        """How far it is, how fast, how long still, what is being waited for: the most important first."""
        of = f"/{number(self._total)}" if self._total else ""
        parts = [f"{number(self._done)}{of} {say(self._unit)}"]
        now = time.monotonic()
        fresh = self._note if now - self._noted < STALE else ""
        pace = self._pace(now)
        if waits := wire.waiting():
            parts.append(waits)
        if pace:
            parts.append(f"{_a_second(pace)}{self._limit(pace)}")
        if pace and self._total and self._done < self._total:
            parts.append(say("{time} left", time=duration((self._total - self._done) / pace)))
        return [*parts, fresh] if fresh else parts

    def _pace(self, now: float) -> float:
        """Units a second, of late."""
        if not self._samples or now - self._samples[-1][0] >= BEAT:
            self._samples.append((now, self._done))
        then, done = self._samples[0]
        return (self._done - done) / (now - then) if now - then >= BEAT else 0.0

    def _limit(self, pace: float) -> str:
        """What keeps a push from being faster, where it is the pace of requests."""
        let, wanted = wire.limit()
        if self._stage != "push" or let is None or wanted is None:
            return ""
        if let < 0.9 * wanted:
            return say(" (slowed down to {pace})", pace=_a_second(let))
        return say(" (set: {pace})", pace=_a_second(wanted)) if pace > 0.8 * wanted else ""

    def line(self, room: int) -> str:
        """What is drawn, in at most `room` columns: the bar itself goes first where there is no room."""
        head = screen.pad(screen.cut(say(self._stage), 12), 9) + " "
        said = "  ".join(self._parts())
        columns = min(LONGEST, max(SHORTEST, room - screen.width(head) - 2 - screen.width(said)))
        if self._total and room >= ROOMY:
            full = round(columns * min(1.0, self._done / self._total))
            head += f"{'█' * full}{'░' * (columns - full)}  "
        return screen.cut(head + said, room)


def _a_second(pace: float) -> str:
    return say("{pace}/s", pace=number(round(pace, 1) if pace < 10 else round(pace)))


def _line(bar: Bar) -> tqdm[Any]:
    """A line of tqdm's that shows what `bar` knows."""
    from tqdm import tqdm

    class Line(tqdm):  # type: ignore[type-arg]
        def __str__(self) -> str:
            return screen.rendered(bar.line((screen.room_of(sys.stderr) or 80) - 3), colour=False, isolate=False)

    return Line(total=bar._total, file=sys.stderr, leave=False, delay=0.5, mininterval=0.2)


@contextlib.contextmanager
def aside() -> Iterator[None]:
    """Take what is drawn away for a while, so that something else can be written."""
    drawn = _shown[0]._bar if _shown else None
    if drawn is None:
        yield
        return
    with drawn.external_write_mode(file=sys.stderr):
        yield


def clear() -> None:
    """Take away what is drawn: the command has ended, in whatever way."""
    while _shown:
        _shown.pop().end()


def _heed_interrupts() -> None:
    """Let Ctrl-C reach Python at once: polars, once loaded, takes it, and forgets it where its query ends just then."""
    if (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    ):
        signal.signal(signal.SIGINT, signal.default_int_handler)
