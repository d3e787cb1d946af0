"""The review page in a real headless Chromium, served by the command as a user starts it."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from conftest import Shell

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
HERE = bool(CHROMIUM and find_spec("playwright") and find_spec("nicegui"))
needs_page = pytest.mark.skipif(
    not HERE and not os.environ.get("CI"), reason="Chromium, playwright or the grid is not installed"
)

FAULTY = """\
Name,Tax ID,Email,Country,State,Address,Phone,Reference,Send invoices,Website
Panadería Sol SpA,76910101-2,ventas@sol example,Chile,Metropolitana,Calle 1,+56 2 2345 6789,A1,yes,
Ferretería Luna Ltda,76910212-4,luna@example.com,Chille,Metropolitana,Calle 2,+56 2 2345 6789,A2,yes,
Taller Río SpA,76910303-9,rio@example.com,Chile,Metropolitana,Calle 3,+56 2 2345 6789,A3,yes,
Café Alba SpA,,alba@example.com,Chile,Metropolitana,Calle 4,+56 2 2345 6789,A4,yes,
Viajes Norte SpA,,norte@example.com,Chile,Metropolitana,Calle 5,+56 2 2345 6789,A5,yes,
Imprenta Sur SpA,77123456-9,sur@example.com,Chile,Nowhere,Calle 6,+56 2 2345 6789,A6,yes,
Hotel Este SpA,76543210-3,este@example.com,Chile,Metropolitana,Calle 7,12,A7,yes,
Librería Oeste SpA,76111222-8,oeste@example.com,Chile,Metropolitana,Calle 8,+56 2 2345 6789,A8,perhaps,
,76222333-3,x@example.com,Chile,Metropolitana,Calle 9,+56 2 2345 6789,A9,yes,
Botillería Uno SpA,76333444-9,uno@example.com,Chille,Metropolitana,Calle 10,+56 2 2345 6789,A10,yes,http://bad url
Botillería Dos SpA,76444555-4,dos@example.com,Chile,Metropolitana,,+56 2 2345 6789,A11,yes,
"""
"""Nine faults of eight kinds, and two rows without a tax id that only the target refuses."""

TAX_ID, EMAIL, STATE, ADDRESS, PHONE, FLAG, WEBSITE = "c1", "c2", "c4", "c5", "c6", "c8", "c9"


class Served:
    """A `customer-import review` process."""

    def __init__(self, shell: Shell, *args: object) -> None:
        self.process = shell.start("review", *args, "--no-browser")
        assert self.process.stdout
        self.address = self.process.stdout.readline().strip()
        assert self.address.startswith("http://127.0.0.1:"), self.process.communicate()

    def kill(self) -> None:
        """End the process as a power failure would."""
        self.process.kill()
        self._close()

    def stop(self) -> tuple[int, str]:
        """End the process as Ctrl-C does; the exit code, and what it said."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        _, err = self.process.communicate(timeout=30)
        return self.process.returncode, err

    def _close(self) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.communicate(timeout=30)


@contextlib.contextmanager
def served(shell: Shell, *args: object) -> Iterator[Served]:
    """A page that is served for a while."""
    one = Served(shell, *args)
    try:
        yield one
    finally:
        one.kill()


@contextlib.contextmanager
def chromium() -> Iterator[Any]:
    """A headless browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


class Page:
    """The page as a person uses it, by keyboard and mouse."""

    def __init__(self, browser: Any, address: str, *, width: int = 1366, height: int = 900, dark: bool = False) -> None:
        scheme = "dark" if dark else "light"
        self.page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
        self.wrong: list[str] = []
        self.asked: list[str] = []
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("console", lambda said: self.wrong.append(said.text) if said.type == "error" else None)
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(address)
        self.page.wait_for_selector('.ag-row [col-id="problem"]')

    def counts(self) -> dict[str, int]:
        """The rows to correct by status, as the head of the page shows them."""
        items = self.page.locator("#counts li")
        return {
            li.get_attribute("data-status"): int(re.sub(r"\D", "", li.locator("b").inner_text())) for li in items.all()
        }

    def wait(self, **counts: int) -> None:
        """Wait until the head shows these counts."""
        for name, count in counts.items():
            self.page.wait_for_function(
                "([name, count]) => (document.querySelector(`#counts [data-status=${name}] b`)?.textContent ?? '0').replace(/\\D/g, '') === String(count)",
                arg=[name, count],
            )

    def cause(self, code: str, column: str = "") -> None:
        """Choose a cause."""
        found = self.page.locator(f"#causes button[data-code='{code}']")
        before = self.page.get_attribute("#grid", "data-loaded")
        (found.filter(has_text=column) if column else found).first.click()
        self.page.wait_for_function("(b) => document.querySelector('#grid').dataset.loaded !== b", arg=before)

    def cell(self, column: str, row: int = 0) -> Any:
        """A cell of the grid, by the place that its row has in it."""
        return self.page.locator(f'.ag-row[row-index="{row}"] [col-id="{column}"]')

    def written(self, column: str, row: int = 0) -> str:
        """The text of a cell that is not blank, once the grid has written it."""
        self.page.wait_for_function(
            "([column, row]) => document.querySelector(`.ag-row[row-index='${row}'] [col-id='${column}']`)?.innerText",
            arg=[column, row],
        )
        text: str = self.cell(column, row).inner_text()
        return text

    def type(self, column: str, text: str, row: int = 0) -> None:
        """Edit a cell: choose it, Enter, the text, Enter."""
        for _ in range(10):  # rows that arrive in between take the focus away
            self.cell(column, row).click()
            self.page.keyboard.press("Enter")
            self.page.wait_for_timeout(300)
            if self.page.locator(".ag-cell-inline-editing input").count():
                break
        self.page.wait_for_selector(".ag-cell-inline-editing input")
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(text)
        self.page.keyboard.press("Enter")
        self.page.wait_for_function(
            "([c, t]) => [...document.querySelectorAll(`.ag-row [col-id=${c}]`)].some((e) => e.textContent.startsWith(t))",
            arg=[column, text],
        )

    def push(self) -> dict[str, int]:
        """Push what was put right; the rows of the whole run by status."""
        self.page.click("#push")
        self.page.click("#push-go")
        self.page.wait_for_selector("#push-result")
        items = self.page.locator("#push-dialog li[data-status]").all()
        found = {li.get_attribute("data-status"): int(re.sub(r"\D", "", li.locator("b").inner_text())) for li in items}
        self.page.click("#push-close")
        return found


def faulty_run(shell: Shell) -> Path:
    """A run of FAULTY to the embedded sandbox."""
    (shell.home / "faulty.csv").write_text(FAULTY, encoding="utf-8")
    ended = shell("run", "faulty.csv", "--to", "piriod", "--sandbox", "--out", "r")
    assert ended.counts == {"invalid": 9, "rejected": 2}, ended.out
    return ended.folder
