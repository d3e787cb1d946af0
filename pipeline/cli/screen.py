"""Turn text of any origin into what a terminal shows as it is: harmless, in colour where wanted, as wide as it has room.

A cell, a header, a file's name or a server's message may hold what a terminal obeys (escape sequences, carriage returns)
or what turns the order of a line round (bidi overrides). They are shown as `\\x1b` and `\\u202e`. What we want ourselves,
colour and the isolation of right-to-left text, travels inside the texts behind a mark that nobody can guess.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from typing import Any, TextIO

WIDEST = 100
"""No line is laid out wider, however wide the terminal is."""
NARROWEST = 20
_NEVER = "\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb"
_UNSAFE = re.compile(f"[{_NEVER}]")
_JSON = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb]")
_MARK = f"\x1b{os.urandom(8).hex()}"
_OWN = re.compile(f"{_MARK}([0-9;]+m|[<>])")
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")
_NARROW = re.compile(
    "[\x20-\x7e\u00a0-\u00ac\u00ae-\u02ff\u2013\u2014\u2018-\u201f\u2026\u2190-\u2193\n]*"
)  # one column each
_CODES = {"bold": "1", "dim": "2", "red": "31", "yellow": "33"}


def style(text: str, *how: str) -> str:
    """`text` in colour (`red`, `yellow`) or weight (`bold`, `dim`), where the terminal shows such."""
    return f"{_MARK}{';'.join(_CODES[name] for name in how)}m{text}{_MARK}0m"


def shown(value: object) -> str:
    """A cell's or a person's text, on one line: right-to-left text does not move what stands beside it."""
    text = " ".join(str(value).split())
    return f"{_MARK}<{text}{_MARK}>" if _RIGHT_TO_LEFT.search(text) else text


def harmless(text: str) -> str:
    """`text` with control characters and bidi controls as visible escapes; line feeds and our own marks stay."""
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    parts = _OWN.split(text.replace("\r\n", "\n").replace("\t", " "))
    plain = [_UNSAFE.sub(_visible, part) for part in parts[::2]]
    marks = [f"{_MARK}{code}" for code in parts[1::2]]
    return "".join(part + mark for part, mark in zip(plain, [*marks, ""], strict=True))


def _visible(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def rendered(text: str, *, colour: bool, isolate: bool) -> str:
    """What is written: `text` made harmless, with our own marks as codes of the terminal, or without them."""

    def code(found: re.Match[str]) -> str:
        if found[1] in "<>":
            return {"<": "\u2068", ">": "\u2069"}[found[1]] if isolate else ""
        return f"\x1b[{found[1]}" if colour else ""

    return _OWN.sub(code, harmless(text))


def width(text: str) -> int:
    """Columns that a line takes: wide characters two, combining ones and our marks none."""
    plain = _OWN.sub("", harmless(text))
    if _NARROW.fullmatch(plain):
        return len(plain)
    from wcwidth import wcswidth

    return max(wcswidth(plain), 0)


def cut(text: str, room: int) -> str:
    """`text` on one line of at most `room` columns; our marks stay whole."""
    line = harmless(text.replace("\n", " "))
    if width(line) <= room:
        return line
    parts = _OWN.split(line)
    left, kept = room - 1, ""
    for at, part in enumerate(parts):
        if at % 2:
            kept += f"{_MARK}{part}"
        elif left >= 0:
            fitting = _fitting(part, left)
            kept += fitting
            left -= width(fitting)
            if fitting != part:
                kept, left = kept + "…", -1
    return kept


def _fitting(text: str, room: int) -> str:
    """The longest beginning of `text` that takes at most `room` columns."""
    if text.isascii():
        return text[:room]
    end = min(len(text), room)
    while end and width(text[:end]) > room:
        end -= 1
    while end < len(text) and width(text[: end + 1]) <= room:
        end += 1
    return text[:end]


def pad(text: str, room: int) -> str:
    """`text` with spaces behind it up to `room` columns."""
    return text + " " * (room - width(text))


def wrap(text: str, room: int, first: str = "", further: str = "") -> list[str]:
    """`text` in lines of at most `room` columns, broken at spaces only; the indents count."""
    lines, line, empty = [], first, True
    for word in text.split():
        if not empty and width(line) + 1 + width(word) > room:
            lines.append(line)
            line, empty = further, True
        line += word if empty else f" {word}"
        empty = False
    return [*lines, line] if not empty else lines


def folded(text: str, room: int, program: str = "customer-import ") -> str:
    """Lines that are too long, broken at spaces; a command stays on one line, of its own, so that it can be copied."""
    return "\n".join(line for whole in text.split("\n") for line in _folded(whole, room, program))


def _folded(line: str, room: int, program: str) -> list[str]:
    if width(line) <= room:
        return [line]
    indent = line[: len(line) - len(line.lstrip())]
    prose, begins, rest = line.partition(program)
    if not begins:
        return wrap(line, room, indent, f"{indent}  ")
    before = wrap(prose, room, indent, f"{indent}  ")
    return [*before, f"{indent}{'  ' if before else ''}{program}{rest}"]


def is_terminal(stream: TextIO | Any, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether somebody looks at `stream` on a screen that can move its cursor."""
    return bool(stream.isatty()) and environ.get("TERM") != "dumb"


def in_colour(stream: TextIO | Any, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether to write colours: NO_COLOR beats FORCE_COLOR, which beats what the stream is (each where it is not empty)."""
    if environ.get("NO_COLOR"):
        return False
    return bool(environ.get("FORCE_COLOR")) or is_terminal(stream, environ)


def room_of(stream: TextIO | Any) -> int | None:
    """Columns to lay lines out in; None where nobody looks at a screen, and lines stay as long as they are."""
    if not stream.isatty():
        return None
    try:
        columns = int(os.environ.get("COLUMNS", "")) or os.get_terminal_size(stream.fileno()).columns
    except (ValueError, OSError):
        columns = shutil.get_terminal_size().columns
    return max(NARROWEST, min(columns, WIDEST))


def escaped(document: str) -> str:
    """JSON with what a terminal would obey as `\\u009b`: the same JSON for every program."""
    return _JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", document)
