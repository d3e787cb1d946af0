"""Turn loopback requests into the answers that Piriod and DayZero would give: a local stand-in for both APIs.

    socket ─▶ server (uvicorn) ─▶ sandbox (faults, log) ─▶ piriod | dayzero (routes) ─▶ store (SQLite)
                                                                 └─ places (countries, states, currencies)

It is written from the vendors' documents, not from our client. Which rules a customer must obey is read
from the targets' own records. Every point that the documents leave open is a knob of `Settings`, and so is
every way in which a network or a server can fail; faults are drawn from a seed and from the request itself,
so they repeat whatever the order in which requests arrive.

    >>> from pipeline.sandbox import Settings, serve
    >>> with serve(Settings(rate_429=0.1)) as running:
    ...     running.base_url.startswith("http://127.0.0.1:")
    True
"""

from pipeline.sandbox.sandbox import Sandbox, Seen, app
from pipeline.sandbox.server import Running, serve, serve_forever
from pipeline.sandbox.settings import Settings

__all__ = ["Running", "Sandbox", "Seen", "Settings", "app", "serve", "serve_forever"]
