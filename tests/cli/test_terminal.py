"""What a person sees at a terminal: nothing hostile, nothing that wraps badly, no codes where nobody looks."""

from __future__ import annotations

import http.server
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from cli.pseudo_terminal import COLOUR, DANGEROUS, at_terminal, dangers, lines
from conftest import SECRETS, Shell, people, write_csv

from pipeline.cli import screen

EVIL = "Ra\x1b[31mzón\x1b]0;owned\x07 \u202esocial\u2066 \x9b2J"
NAME = "cli\x1b[2J\u202eentes.csv"
WIDE = "顧客コード"
RIGHT_TO_LEFT = "שם הלקוח"


@pytest.fixture
def hostile(shell: Shell) -> Path:
    """A list whose headers, cells and name hold what a terminal obeys."""
    rows = people(3)
    for row in rows:
        row[EVIL] = "\x1b[2J\x1b[1;1H\u202egnp.exe"
        row[WIDE], row[RIGHT_TO_LEFT] = "東京都港区", "דוד כהן"
    rows[0]["Correo"] = "no\x1b[31m\u202esoy@correo"
    rows[1]["País"] = "\x9b31mAtlántida\x07"
    return write_csv(shell.home / NAME, rows)


@pytest.mark.parametrize("columns", [80, 40])
def test_hostile_headers_cells_and_names_are_shown_harmlessly(columns: int, shell: Shell, hostile: Path) -> None:
    """At a terminal, by inspect, run with every detail, status, and a failure that names the file."""
    for args in (
        ["inspect", NAME, "--to", "piriod"],
        ["run", NAME, "--to", "piriod", "--sandbox", "--out", f"r{columns}", "--verbose"],
        ["status", f"r{columns}"],
        ["run", NAME, "--to", "piriod", "--map", f"{EVIL}=nope", "--dry-run", "--offline"],
        ["inspect", f"no{NAME}"],
    ):
        _, written = at_terminal(args, shell.home, shell.env, columns)
        assert dangers(written) == [], args
        assert "Traceback" not in written
        assert "\\x1b" in written, args


def test_a_hostile_sheet_is_shown_harmlessly(shell: Shell) -> None:
    """The name of a sheet, which may hold bidi overrides and C1 controls."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Hoja\u202e\x9b31m"
    rows = people(2)
    for line in ([*rows[0]], *([*row.values()] for row in rows)):
        sheet.append(line)
    book.save(shell.home / "b.xlsx")
    for args in (["inspect", "b.xlsx"], ["run", "b.xlsx", "--to", "piriod", "--dry-run", "--offline"]):
        _, written = at_terminal(args, shell.home, shell.env)
        assert "Hoja" in written and dangers(written) == [], args


def test_outputs_that_are_no_terminal_hold_no_codes(shell: Shell, hostile: Path) -> None:
    """Neither a colour nor a drawn line goes into a pipe or a file, and no hostile text either."""
    for args in (["inspect", NAME], ["run", NAME, "--to", "piriod", "--sandbox", "-v"], ["run", "nope"], ["--help"]):
        ended = shell(*args)
        for text in (ended.out, ended.err):
            assert not DANGEROUS.search(text) and "\x1b" not in text and "\r" not in text, args


def test_json_holds_nothing_that_a_terminal_obeys(shell: Shell, hostile: Path) -> None:
    """The texts are what the file has, spelt so that a terminal that JSON is printed to is safe."""
    ended = shell("inspect", NAME, "--json")
    assert not DANGEROUS.search(ended.out)
    headers = [column["header"] for column in json.loads(ended.out)["columns"]]
    assert any("\u202e" in header for header in headers)


@pytest.fixture
def insolent() -> Iterator[str]:
    """A server that refuses everything with a text that a terminal would obey."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"detail": "go \x1b[2J\x1b]0;owned\x07 \u202eaway \x9b31m\r\nstopped: fine"}).encode()
            self.send_response(403)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_servers_text_is_shown_harmlessly(shell: Shell, insolent: str) -> None:
    """What the target answers is data, like a cell; it cannot begin a line that looks like ours."""
    env = {**shell.env, **SECRETS}
    code, written = at_terminal(["targets", "piriod", "--check", "--base-url", insolent], shell.home, env)
    assert code == 5 and "go \\x1b[2J" in written and dangers(written) == []
    assert sum(line.startswith("stopped") for line in lines(written)) == 1


@pytest.mark.parametrize("columns", [80, 40])
def test_nothing_wraps_but_what_is_to_be_copied(columns: int, shell: Shell) -> None:
    """Lines are broken at words before the terminal breaks them; only commands and paths may be longer."""
    rows = people(3)
    rows[0]["Correo"] = "nadie"
    rows[1]["Dirección"] = "Avenida 東京都港区芝公園四丁目 " * 12
    write_csv(shell.home / "list.csv", rows)
    env = {**shell.env, **SECRETS}
    for args in (["inspect", "list.csv"], ["run", "list.csv", "--to", "piriod", "--sandbox", "--out", "r"], ["status", "r"],
                 *([["run", "--help"], ["--help"]] if columns == 80 else []), ["run", "list.csv", "--to", "piriod", "--yes", "--base-url", "http://127.0.0.1:1"]):  # fmt: skip
        _, written = at_terminal(args, shell.home, env, columns)
        for line in lines(written):
            may = "customer-import " in line or "r/" in line or "http" in line or len(line.split()) <= 2
            assert may or screen.width(line.rstrip()) <= columns, (args, line)


@pytest.mark.parametrize(("variable", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_colours_can_be_had_off(variable: str, value: str, shell: Shell) -> None:
    """At a terminal that shows none, or for somebody who wants none."""
    args = ["inspect", "nope.csv"]
    assert COLOUR.search(at_terminal(args, shell.home, shell.env)[1])
    written = at_terminal(args, shell.home, {**shell.env, variable: value})[1]
    assert "nope.csv" in written and "\x1b" not in written


def test_colours_can_be_had_in_a_file(shell: Shell) -> None:
    """FORCE_COLOR, as in a job whose log shows colours; NO_COLOR beats it."""
    assert COLOUR.search(shell("run", "nope.csv", FORCE_COLOR="1").err)
    assert not COLOUR.search(shell("run", "nope.csv", FORCE_COLOR="1", NO_COLOR="1").err)


def test_a_push_tells_how_far_it_is_and_ctrl_c_leaves_the_terminal_clean(shell: Shell, sandbox: Any) -> None:
    """Rows, rows a second, time left, and what is being waited for; the drawn line is gone in the end."""
    running = sandbox(latency=0.15, rate_429=0.05, retry_after=3.0, seed=3)
    write_csv(shell.home / "list.csv", people(200))
    env = {**shell.env, **SECRETS}
    code, written = at_terminal(
        ["run", "list.csv", "--to", "piriod", "--base-url", running.base_url, "--yes", "--out", "r", "--concurrency", "2",
         "--settle", "1"], shell.home, env, interrupt=b"waiting 2 s",
    )  # fmt: skip
    assert code == 130, written[-2000:]
    drawn = COLOUR.sub("", written)
    assert re.search(r"push +[█░]+ +\d+/200 rows", drawn) and "/s" in drawn and " left" in drawn and "waiting" in drawn
    assert all(screen.width(part) < 80 for part in re.findall(r"push +[█░][^\r\n]*", ERASE.sub("", drawn)))
    stay = lines(written)
    assert not [line for line in stay if "█" in line or "░" in line]
    assert "customer-import push r" in [line for line in stay if line.strip()][-1]


def test_ctrl_c_before_anything_was_sent(shell: Shell, sandbox: Any) -> None:
    """While the plan is made: nothing drawn is left, no run folder stays, and the same command is what to type."""
    running = sandbox(latency=2.0)
    write_csv(shell.home / "list.csv", people(4))
    args = ["run", "list.csv", "--to", "piriod", "--base-url", running.base_url, "--yes", "--out", "r"]
    code, written = at_terminal(args, shell.home, {**shell.env, **SECRETS}, interrupt=b"\x1b[K")
    assert code == 130, written
    stay = [line for line in lines(written) if line.strip()]
    assert len(stay) <= 3 and stay[0].endswith("interrupted; nothing was sent")
    assert stay[-1].endswith("customer-import " + " ".join(args)) and not (shell.home / "r").exists()
    assert not running.customers("piriod")


ERASE = re.compile(r"\x1b\[K")


def test_a_terminal_that_draws_nothing_gets_no_line_to_draw_over(shell: Shell) -> None:
    """TERM=dumb: no carriage return but that of a line's end."""
    write_csv(shell.home / "list.csv", people(30))
    args = ["run", "list.csv", "--to", "piriod", "--sandbox", "--concurrency", "1"]
    code, written = at_terminal(args, shell.home, {**shell.env, "TERM": "dumb"})
    assert code == 0 and "30 created" in written
    assert "\r" not in written.replace("\r\n", "")
