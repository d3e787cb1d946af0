"""A real headless Chromium that opens one page and answers questions about it."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import aiohttp

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = ("--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
         "--disable-component-update --disable-sync --remote-debugging-port=0")  # fmt: skip


def ask(
    page: Path, *scripts: str, size: tuple[int, int] = (1280, 900), dark: bool = False
) -> tuple[list[Any], list[str]]:
    """Open `page` and evaluate each script in it: their values, and every URL that the page asked for."""
    return asyncio.run(_ask(page, scripts, size, dark))


async def _ask(page: Path, scripts: tuple[str, ...], size: tuple[int, int], dark: bool) -> tuple[list[Any], list[str]]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            str(CHROMIUM), *FLAGS.split(), f"--user-data-dir={profile}", "about:blank",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "HOME": profile},
        )  # fmt: skip
        try:
            port = await _port(Path(profile))
            async with aiohttp.ClientSession() as session:
                async with session.get(f"http://127.0.0.1:{port}/json") as answer:
                    tab = next(item for item in await answer.json() if item["type"] == "page")
                async with session.ws_connect(tab["webSocketDebuggerUrl"], max_msg_size=0) as wire:
                    return await _talk(wire, page, scripts, size, dark)
        finally:
            process.terminate()
            await process.wait()


async def _port(profile: Path) -> int:
    for _ in range(600):
        told = profile / "DevToolsActivePort"
        if told.exists() and told.read_text().strip():
            return int(told.read_text().split()[0])
        await asyncio.sleep(0.05)
    raise TimeoutError("Chromium did not start")


async def _talk(
    wire: Any, page: Path, scripts: tuple[str, ...], size: tuple[int, int], dark: bool
) -> tuple[list[Any], list[str]]:
    asked: list[str] = []
    count = 0

    async def send(method: str, until: str | None = None, **params: Any) -> Any:
        nonlocal count
        count += 1
        await wire.send_json({"id": count, "method": method, "params": params})
        answer, seen = None, until is None
        while answer is None or not seen:
            message = await wire.receive_json(timeout=30)
            if message.get("method") == "Network.requestWillBeSent":
                asked.append(message["params"]["request"]["url"])
            seen = seen or message.get("method") == until
            answer = message if message.get("id") == count else answer
        return answer["result"]

    await send("Network.enable")
    await send("Page.enable")
    await send("Emulation.setDeviceMetricsOverride", width=size[0], height=size[1], deviceScaleFactor=1, mobile=False)
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    await send("Emulation.setEmulatedMedia", features=[scheme])
    await send("Page.navigate", until="Page.loadEventFired", url=page.as_uri())
    values = []
    for script in scripts:
        said = await send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in said, said
        values.append(said["result"].get("value"))
    return values, asked
