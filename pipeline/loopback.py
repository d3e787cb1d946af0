"""Turn a port's number into a socket that only this machine reaches."""

from __future__ import annotations

import socket

from pipeline.errors import Misuse
from pipeline.language import say

HOST = "127.0.0.1"


def listen(port: int, backlog: int) -> socket.socket:
    """A listening socket at `port` (0: any that is free); `backlog` connections may wait.

    Raises:
        Misuse: the port is taken, or not allowed.
    """
    # The protocol is named because asyncio sets TCP_NODELAY only then; without it each answer takes 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(backlog)
    except (OSError, OverflowError) as error:
        listener.close()
        message = say("cannot listen on port {port}: {error}", port=port, error=error)
        raise Misuse(message, say("Choose another port with --port.")) from error
    return listener
