"""Text of any origin at the terminal: harmless, and as wide as it is told."""

from __future__ import annotations

import ast
import io
import json
import re
import subprocess

import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from wcwidth import wcswidth

from pipeline.cli import screen
from pipeline.shellwords import command

ODD = st.text(
    st.sampled_from(
        "a é漢字ا שלום\u0301\u200d👩🏽\x1b[31m\r\n\t\x00\x7f\x9b\u202e\u2066\u2069\u2028\ufeff;]0m\\'\"$` "
    ),
    max_size=60,
)
FORBIDDEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
FEW = settings(max_examples=150, deadline=None, derandomize=True)


@FEW
@given(ODD | st.text())
def test_nothing_that_a_terminal_obeys_is_written(text: str) -> None:
    """Whatever a cell holds; a line feed is the only control character."""
    assert not FORBIDDEN.search(screen.rendered(text, colour=True, isolate=True))


@FEW
@given(ODD)
def test_our_own_colours_and_isolates_are_balanced_and_go_away(text: str) -> None:
    """What is styled and isolated is the same text without colours and isolates, and every one of them is closed."""
    ours = screen.style(screen.shown(text), "red", "bold")
    plain = screen.rendered(ours, colour=False, isolate=False)
    assert plain == screen.harmless(" ".join(text.split()))
    full = screen.rendered(ours, colour=True, isolate=True)
    assert full.startswith("\x1b[31;1m") and full.endswith("\x1b[0m")
    assert full.count("\u2068") == full.count("\u2069")
    assert re.sub("\x1b\\[[0-9;]+m|[\u2068\u2069]", "", full) == plain


@FEW
@given(ODD | st.text(), st.integers(1, 40))
def test_what_is_cut_fits_and_is_a_beginning(text: str, room: int) -> None:
    """By display width: wide characters count two, combining ones none; what fits is not touched."""
    found = screen.cut(screen.shown(text), room)
    plain = screen.rendered(found, colour=False, isolate=False)
    whole = screen.harmless(" ".join(text.split()))
    assert screen.width(found) <= room and "\n" not in plain
    assert plain == whole or (plain.endswith("…") and whole.startswith(plain[:-1]))
    if screen.width(whole) <= room:
        assert plain == whole


@pytest.mark.parametrize("text", ["Ñandú", "漢字カナ", "e\u0301te\u0301", "שלום", "مرحبا", "👩‍👩‍👧", "ｆｕｌｌ"])
def test_columns_are_aligned(text: str) -> None:
    """What is padded takes the room that a terminal gives it, as the wcwidth library counts."""
    padded = screen.rendered(screen.pad(screen.shown(text), 12), colour=False, isolate=True)
    assert wcswidth(padded) == 12


@FEW
@given(st.lists(st.text("ab漢é", min_size=1, max_size=9), max_size=12), st.integers(12, 40))
def test_words_are_wrapped_at_spaces_only(words: list[str], room: int) -> None:
    """No line is wider than the room but a word that is itself, and no word is lost."""
    found = screen.wrap(" ".join(words), room, "- ", "  ")
    assert " ".join(found).split() == (["-", *words] if words else [])
    for line in found:
        assert screen.width(line) <= room or len(line.split()) == 1 + line.startswith("-")


def test_a_command_stays_on_a_line_of_its_own() -> None:
    """So that it can be copied: prose before it is wrapped, the command never."""
    further = command("push", "runs/una carpeta con un nombre muy largo", "--base-url", "http://127.0.0.1:8765")
    text = f"  → Review the plan that was made for this account, then: {further}"
    shown = screen.folded(text, 40).split("\n")
    assert shown[-1].strip() == further
    assert all(screen.width(line) <= 40 for line in shown[:-1])


@FEW
@given(st.recursive(st.text() | ODD, lambda inner: st.lists(inner, max_size=3), max_leaves=4))
def test_json_at_a_terminal_is_the_same_json(content: object) -> None:
    """Characters that a terminal obeys are spelt out, and every program reads what was meant."""
    text = screen.escaped(json.dumps(content, ensure_ascii=False))
    assert json.loads(text) == content
    assert not FORBIDDEN.search(text)


@pytest.mark.parametrize(
    ("terminal", "environ", "colour"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (True, {"TERM": "dumb"}, False),
        (False, {"FORCE_COLOR": "1"}, True),
        (False, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_who_decides_on_colour(terminal: bool, environ: dict[str, str], colour: bool) -> None:
    """NO_COLOR beats FORCE_COLOR, which beats what the stream is (no-color.org, force-color.org)."""

    class Stream(io.StringIO):
        def isatty(self) -> bool:
            return terminal

    assert screen.in_colour(Stream(), environ) is colour


@FEW
@given(
    st.lists(
        st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1), min_size=1, max_size=3
    )
)
def test_a_command_is_read_back_by_a_shell(words: list[str]) -> None:
    """Spaces, quotes, escape sequences, bidi overrides: bash reads the very same words, and none of them is raw."""
    typed = command(*words)
    assert not FORBIDDEN.search(typed) and "\n" not in typed
    code = f"customer-import() {{ printf '%s\\0' \"$@\"; }}; {typed}"
    told = subprocess.run(["bash", "-c", code], capture_output=True, check=True).stdout
    assert told.decode().split("\0")[:-1] == words


def test_only_one_module_prints() -> None:
    """So that nothing reaches a terminal raw: `click.echo` and its like are called in `talk` alone."""
    for path in (ROOT / "pipeline" / "cli").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and path.name != "talk.py":
                said = ast.unparse(node.func)
                allowed = path.name in ("__init__.py", "completion.py") and said == "click.echo"  # help, and a script
                assert allowed or said not in (
                    "print",
                    "click.echo",
                    "click.secho",
                    "click.confirm",
                    "tqdm.write",
                    "sys.stdout.write",
                ), path
