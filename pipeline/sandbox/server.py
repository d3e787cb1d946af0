"""Turn a sandbox into a server on this machine's loopback address, for a test, a command or a person."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from pipeline.loopback import HOST, listen
from pipeline.sandbox import dayzero, piriod
from pipeline.sandbox.answers import Context, Json
from pipeline.sandbox.sandbox import Sandbox, Seen, app
from pipeline.sandbox.settings import Settings

_Http: Any = AutoHTTPProtocol


class _Protocol(_Http):  # type: ignore[misc]
    """uvicorn's own protocol, which also tells the application which transport a request came through."""

    app_state: dict[str, Any]

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


class _Server(uvicorn.Server):
    """A server that says when it has started, and does not wait for the sandbox's own delays when it stops."""

    def __init__(self, sandbox: Sandbox, started: Callable[[], None]) -> None:
        super().__init__(_config(sandbox))
        self._sandbox = sandbox
        self._say = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._say()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._sandbox.hurry()
        await super().shutdown(sockets)


@dataclass(frozen=True)
class Running:
    """A sandbox that is being served at `base_url`."""

    base_url: str
    sandbox: Sandbox
    _server: uvicorn.Server
    _thread: threading.Thread

    def stop(self) -> None:
        """Stop serving; may be called more than once. Data in memory is gone afterwards."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join()
        self.sandbox.close()

    def customers(self, target: str, workspace: str | None = None) -> list[Json]:
        """The customers of a target as it shows them, the oldest first, whatever faults and filters do.

        Live and test data alike; a customer that DayZero deleted is there, with `is_deleted`.
        """
        store, settings = self.sandbox.store, self.sandbox.settings
        rows = store.select(None, [("target = ?", (target,))])
        rows = [row for row in rows if workspace in (None, row.realm.workspace)]
        if target == "piriod":
            return [piriod.view(row, settings.string_state_ids) for row in rows]
        return [dayzero.view(Context(settings, store), row) for row in rows]

    def requests(self) -> list[Seen]:
        """Every request so far, as it was answered: (method, path, status); status 0 is a closed connection."""
        return list(self.sandbox.seen)

    def reconfigure(self, **knobs: Any) -> None:
        """Turn knobs from the next request on; the data and the log stay."""
        self.sandbox.settings = replace(self.sandbox.settings, **knobs)


@contextmanager
def serve(settings: Settings, port: int = 0) -> Iterator[Running]:
    """Serve a sandbox in a background thread; port 0 takes a free one.

    Raises:
        Misuse: the port is taken, or the database cannot be used.
    """
    with closing(listen(port, 2048)) as listener:
        sandbox, started = app(settings), threading.Event()
        server = _Server(sandbox, started.set)
        thread = threading.Thread(target=_run, args=(server, listener, started), name="sandbox", daemon=True)
        running = Running(_address(listener), sandbox, server, thread)
        thread.start()
        started.wait()
        try:
            yield running
        finally:
            running.stop()


def serve_forever(settings: Settings, port: int, ready: Callable[[str], None]) -> None:
    """Serve a sandbox until Ctrl-C; `ready` is told the base URL once requests are answered.

    Raises:
        Misuse: the port is taken, or the database cannot be used.
    """
    with closing(listen(port, 2048)) as listener, closing(app(settings)) as sandbox:
        server = _Server(sandbox, lambda: ready(_address(listener)))
        try:
            server.run(sockets=[listener])
        except KeyboardInterrupt:  # uvicorn raises it anew once it has stopped
            return


def _run(server: uvicorn.Server, listener: socket.socket, started: threading.Event) -> None:
    try:
        server.run(sockets=[listener])
    finally:
        started.set()


def _address(listener: socket.socket) -> str:
    return f"http://{HOST}:{listener.getsockname()[1]}"


def _config(sandbox: Sandbox) -> uvicorn.Config:
    return uvicorn.Config(
        sandbox,
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=1,
        timeout_keep_alive=30,
    )
