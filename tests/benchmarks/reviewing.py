"""Measure the review page: the first usable grid, one edit, a fix-once over half of the rows, memory.

    python tests/benchmarks/reviewing.py 100000

Prints seconds as a person waits for them in a headless Chromium, and the memory of the serving process.
"""

from __future__ import annotations

import re
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from conftest import Shell
from review.review_page import EMAIL, Page, chromium, served

HEAD = "Name,Tax ID,Email,Country,State,Address,Phone,Reference\n"


def lines(count: int) -> str:
    """Every row wrong: half of them in the country, half in the e-mail address."""
    return HEAD + "".join(
        f"Customer {i} SpA,,person{i}@example{'.' if i % 2 else ' '}com,{'Chille' if i % 2 else 'CL'},Región Metropolitana,"
        f"Calle {i},+56 2 2345 6789,R{i}\n" for i in range(count)
    )  # fmt: skip


def main(count: int) -> None:
    """Make a dry run with `count` wrong rows, and review it."""
    with tempfile.TemporaryDirectory() as scratch, chromium() as browser:
        shell = Shell(Path(scratch))
        (shell.home / "big.csv").write_text(lines(count), encoding="utf-8")
        ended = shell("run", "big.csv", "--to", "piriod", "--dry-run", "--offline", "--out", "r")
        assert ended.counts == {"invalid": count}, ended.err
        begun = time.perf_counter()
        with served(shell, ended.folder) as here:
            print(f"command to address      {time.perf_counter() - begun:6.2f} s")
            began = time.perf_counter()
            page = Page(browser, here.address)
            print(
                f"address to usable grid  {time.perf_counter() - began:6.2f} s   (from the command: {time.perf_counter() - begun:.2f} s)"
            )
            time.sleep(3)
            page.cause("email.syntax")
            for number in range(3):
                began = time.perf_counter()
                page.type(EMAIL, f"right{number}@example.com", row=number)
                print(f"one edit, checked       {time.perf_counter() - began:6.2f} s")
            page.cause("country.unknown")
            page.page.wait_for_selector(".value button")
            began = time.perf_counter()
            page.page.click(".value button")
            page.wait(ready=count // 2 + 3)
            print(f"fix once, {count // 2:,} rows {time.perf_counter() - began:6.2f} s")
            began = time.perf_counter()
            page.page.click("#undo")
            page.wait(ready=3)
            print(f"undo it                 {time.perf_counter() - began:6.2f} s")
            began = time.perf_counter()
            page.page.click("#accept-all")
            page.wait(ready=count // 2 + 3)
            print(f"accept all              {time.perf_counter() - began:6.2f} s")
            began = time.perf_counter()
            page.page.fill("#text", f"person{count - 1}@")
            page.page.wait_for_function("() => document.querySelector('#shown').textContent.startsWith('1 ')")
            print(f"search                  {time.perf_counter() - began:6.2f} s")
            told = Path(f"/proc/{here.process.pid}/status").read_text(encoding="utf-8")
            print(
                "memory                  "
                + "  ".join(f"{n} {int(kb) // 1024} MB" for n, kb in re.findall(r"(VmHWM|VmRSS):\s+(\d+)", told))
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
