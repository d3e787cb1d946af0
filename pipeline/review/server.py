"""Turn a run folder into a page that is served on this machine's loopback address until it is closed or left idle."""

from __future__ import annotations

import asyncio
import contextlib
import html
import secrets
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import filelock
import uvicorn

from pipeline.errors import Misuse
from pipeline.folder import RunFolder
from pipeline.language import say
from pipeline.loopback import HOST, listen
from pipeline.options import PushOptions
from pipeline.review.app import application
from pipeline.review.commands import Review
from pipeline.review.component import script
from pipeline.review.desk import Desk, Servers
from pipeline.review.guard import Guard
from pipeline.review.history import History
from pipeline.review.pushing import Pushing, Told

DOOR = ".review.html"
LOCK = ".review.lock"
IDLE = 30 * 60.0
LOOK = 0.5


def serve(
    folder: RunFolder, servers: Servers, options: PushOptions, *, ready: Callable[[str, str], None], port: int = 0,
    idle: float = IDLE,
) -> None:  # fmt: skip
    """Serve the page until Ctrl-C, or until nothing was done on it for `idle` seconds.

    `ready` is told the address, and the path of a private file that leads there: handed to a browser, it keeps the token
    out of the list of processes.

    Raises:
        Misuse: the port is taken, the grid is not installed, or the run is under review in another process.
    """
    script()
    with _alone(folder), closing(listen(port, 64)) as listener, closing(History(folder)) as history:
        told = Told()
        desk = Desk(folder, history, told, servers)
        review = Review(desk, Pushing(desk, servers, options, told), options.lang)
        token, nonce = secrets.token_urlsafe(24), secrets.token_urlsafe(16)
        number = int(listener.getsockname()[1])
        address = f"http://{HOST}:{number}/{token}/"
        guard = Guard(application(review, nonce), token, number, nonce)
        with _door(folder, address) as door:
            server = _Server(guard, review, idle, lambda: ready(address, door))
            try:
                server.run(sockets=[listener])
            finally:
                review.pushing.wait()


class _Server(uvicorn.Server):
    """A server that says when it has started, and stops when nobody does anything."""

    def __init__(self, guard: Guard, review: Review, idle: float, started: Callable[[], None]) -> None:
        # The standard loop and protocol, whatever faster ones the environment has: this is one person's page.
        super().__init__(uvicorn.Config(
            guard, loop="asyncio", http="h11", ws="none", lifespan="off", log_config=None, access_log=False,
            proxy_headers=False, server_header=False, timeout_graceful_shutdown=2,
        ))  # fmt: skip
        self._review, self._idle, self._say = review, idle, started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._say()
        self._watch = asyncio.get_running_loop().create_task(self._look())

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at the first signal, and do not send it to ourselves again: what belongs to the page is put away first."""
        before = {}
        if threading.current_thread() is threading.main_thread():
            before = {one: signal.signal(one, self.handle_exit) for one in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)

    async def _look(self) -> None:
        while not self.should_exit:
            await asyncio.sleep(min(LOOK, self._idle / 4))
            if not self._review.busy and time.monotonic() - self._review.touched > self._idle:
                self.should_exit = True


@contextlib.contextmanager
def _alone(folder: RunFolder) -> Iterator[None]:
    """One process reviews a run; its pages share it."""
    try:
        with filelock.FileLock(folder.file(LOCK), timeout=0, mode=0o600):
            yield
    except filelock.Timeout as error:
        page = folder.file(DOOR).resolve()
        raise Misuse(say("this run is under review already"), say("Open its page: {file}", file=page)) from error


@contextlib.contextmanager
def _door(folder: RunFolder, address: str) -> Iterator[str]:
    """A private file that leads to the page, for as long as it is served."""
    shown = html.escape(address, quote=True)
    with folder.writing(DOOR) as path:
        path.write_text(
            f'<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer">'
            f'<meta http-equiv="refresh" content="0; url={shown}"><title>customer-import</title>'
            f'<a href="{shown}">customer-import</a>\n', encoding="utf-8")  # fmt: skip
    try:
        yield str(folder.file(DOOR).resolve())
    finally:
        folder.file(DOOR).unlink(missing_ok=True)
