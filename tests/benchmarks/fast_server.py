"""Turn each POST into 201 with an id, and each GET into an empty list, as fast as Python can: a server for speed only.

    python -m tests.benchmarks.fast_server 8099

A minimal HTTP/1.1 parser over raw asyncio; keeps nothing but counts. `GET /moments` gives the seconds at which POSTs came.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import ClassVar

EMPTY = json.dumps({"count": 0, "next": None, "previous": None, "results": [], "items": [], "total": 0}).encode()


class Answering(asyncio.Protocol):
    """One connection."""

    made = 0
    moments: ClassVar[list[tuple[float, int]]] = []
    refuse: int | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].lower()
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self.buffer) < end + 4 + length:
                return
            body = self.buffer[end + 4 : end + 4 + length]
            self.buffer = self.buffer[end + 4 + length :]
            self.transport.write(self.answer(head, body))

    def answer(self, head: bytes, body: bytes) -> bytes:
        """The whole answer to one request."""
        if head.startswith(b"get /moments"):
            told = json.dumps(Answering.moments).encode()
            Answering.moments = []
            return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
                len(told),
                told,
            )
        if head.startswith(b"get /refuse"):
            Answering.refuse = json.loads(head.split(b" ")[1].partition(b"?")[2] or b"null")
            return b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
        if head.startswith(b"get"):
            return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
                len(EMPTY),
                EMPTY,
            )
        Answering.made += 1
        status = Answering.refuse or 201
        Answering.moments.append((time.monotonic(), status))
        if status != 201:
            return b"HTTP/1.1 %d Busy\r\nRetry-After: 0\r\nContent-Length: 2\r\n\r\n{}" % status
        told = b'{"id":"c%d",%s' % (Answering.made, body[1:] or b"}")
        return b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
            len(told),
            told,
        )


async def serve(port: int) -> None:
    """Serve on loopback until the process ends."""
    server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", port, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
