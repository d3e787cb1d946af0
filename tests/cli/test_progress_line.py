"""The line that tells how far it is: as wide as there is room, the most important first, also where none can be drawn."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import wire
from pipeline.cli import bar as bars
from pipeline.cli import screen
from pipeline.language import speak


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.integers(20, 120), st.sampled_from(["push", "look up", "reading"]), st.none() | st.integers(1, 10**7), st.integers(0, 10**7),
    st.text("ab 漢é\x1b\u202e\n", max_size=80), st.sampled_from(["en", "es"]),
)  # fmt: skip
def test_the_line_fits(room: int, stage: str, total: int | None, done: int, note: str, language: str) -> None:
    """Whatever is noted, in both languages; how many is in it wherever there is room for it."""
    speak(language)
    try:
        line = bars.Bar(quiet=True)
        line.begin(stage, total)
        line.advance(min(done, total or done))
        line.note(note)
        shown = line.line(room)
        line.end()
    finally:
        speak("en")
    assert screen.width(shown) <= room and "\n" not in screen.rendered(shown, colour=False, isolate=False)
    if total and room >= 60:
        assert "░" in shown or "█" in shown


def test_what_is_waited_for_stands_before_the_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """At 77 columns the cause of a wait is read, whatever else is told."""
    monkeypatch.setattr(wire, "_held", [])
    line = bars.Bar(quiet=True)
    line.begin("push", 20_000)
    line.advance(12_345)
    line.note("12,345 created, 17 rejected, 3 unknown")
    wire.held(503, 90, asked=True)
    assert "12,345/20,000 rows  waiting 90 s: maintenance (503)" in line.line(77)
    line.end()


def test_where_nothing_can_be_drawn_a_line_is_said_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a job's log: stage, how many of how many, what is noted; nothing where quiet was asked for, nothing after the end."""
    monkeypatch.setattr(bars, "SPOKEN", 0.02)
    said = threading.Event()
    shown: list[str] = []
    monkeypatch.setattr(bars, "talk", lambda text: (shown.append(text), said.set()))
    line = bars.Bar(quiet=False)
    line.begin("push", 20)
    line.note("3 created")
    line.advance(3)
    assert said.wait(20)
    said.clear()
    assert said.wait(20)
    line.end()
    assert shown[-1].startswith("push: 3/20 rows") and "3 created" in shown[-1]
    silent = bars.Bar(quiet=True)
    silent.begin("push", 20)
    assert silent._over is None
    silent.end()
    assert capsys.readouterr().err == ""
