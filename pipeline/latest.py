"""Turn the last customer that a push created into one whom the next look-up must see before "not there" counts.

A list may show a new customer only after a while. Who is looked for within that while by another run would be created
a second time. So a push leaves behind which of its rows was created last, and the next look-up at the same server and
workspace looks for that one too: while it is not shown, others may be hidden as well. After the settle time "not there"
counts all the same, as for a row of the run itself (the customer may have been deleted meanwhile).

What is left behind names the run folder, the row and the target's id, nothing of the customer; where the folder is
gone, nobody is waited for.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipeline import identity as who
from pipeline import store
from pipeline.errors import Stop
from pipeline.existing import Awaited, Wanted, keyed, wanted_of
from pipeline.folder import RunFolder
from pipeline.journal import machine
from pipeline.locks import last_push
from pipeline.options import Server
from pipeline.targets.interface import Identity, Target


@dataclass(frozen=True)
class Place:
    """Where customers are created: name of the target, address, workspace, and whether as live or test data."""

    target: str
    workspace: str
    base_url: str
    kind: str

    @classmethod
    def of(cls, target: Target, server: Server) -> Place:
        """Where a server's secrets and mode lead."""
        return cls(target.name, server.secrets.get(target.workspace, ""), server.base_url, server.kind)

    @property
    def path(self) -> Path:
        """The file that tells of the last one created."""
        return last_push(self.target, self.workspace).with_suffix(f".{self.kind}")


def note(place: Place, folder: RunFolder, seq: int, id_: str) -> None:
    """Leave behind that row `seq` of the run became the customer `id_`, now; where that cannot be written, nothing is."""
    here = machine()
    told = {"folder": str(folder.path.resolve()), "seq": seq, "id": id_, "base_url": place.base_url,
            "machine": here.name, "ticks": here.ticks()}  # fmt: skip
    with contextlib.suppress(OSError):
        place.path.touch(mode=0o600)
        place.path.write_text(json.dumps(told), encoding="utf-8")


def awaited(place: Place, target: Target, identities: Sequence[Identity], settle: float) -> Awaited | None:
    """Whom a look-up made now must see, where a push from this machine created one less than `settle` seconds ago.

    The embedded sandbox shows at once whom it has.
    """
    if place.kind == "sandbox":
        return None
    try:
        told = json.loads(place.path.read_text(encoding="utf-8"))
        here = machine()
        age = here.ticks() - float(told["ticks"]) if told["machine"] == here.name else 0.0
        if told["base_url"] != place.base_url or not 0 <= age < settle:
            return None
        one = _wanted(RunFolder(Path(told["folder"])), int(told["seq"]), target, identities)
        return Awaited(one, str(told["id"]), settle - age) if one else None
    except (OSError, ValueError, KeyError, TypeError, Stop, pl.exceptions.PolarsError):
        return None


def _wanted(folder: RunFolder, seq: int, target: Target, identities: Sequence[Identity]) -> Wanted | None:
    found = store.rows(folder, pl.Series([seq], dtype=pl.UInt32), ("seq", "key", "payload"))
    if found.is_empty():
        return None
    key, payload = found.select("key", "payload").row(0)
    names = sorted(who.of_records([json.loads(payload)], identities)[0])
    if names:
        return wanted_of(names[0], payload, identities)
    return Wanted(keyed(key), {}) if target.key_path is not None else None
