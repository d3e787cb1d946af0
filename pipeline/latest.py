"""Turn the last customer that a push created into one whom the next look-up must see before "not there" counts.

A list may show a new customer only after a while. Who is looked for within that while by another run would be created
a second time. So a push leaves behind which of its rows was created last, and the next look-up at the same server and
workspace looks for that one too: while it is not shown, others may be hidden as well. After the settle time "not there"
counts all the same, as for a row of the run itself (the customer may have been deleted meanwhile).

A push that was killed, or ended without an answer for some rows, leaves more in the dark: a request of it may still be
carried out. Who is looked for by another run, and is among those rows, is not there only when the settle time has passed
since they were sent; until then that run waits. Where the folder of a push that was killed is gone, or was moved, nobody
knows its rows: then whoever is not there is looked for once more when the settle time since its last sign of life is over.

What is left behind names the run folder and its plan's hash, the row and the target's id, nothing of the customer.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from pipeline import identity as who
from pipeline import journal, store
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


def begin(place: Place, folder: RunFolder) -> str:
    """Leave behind that the run begins to send: if it is killed, its journal tells what may still arrive.

    Gives what another push has left behind.
    """
    try:
        before = place.path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        before = ""
    _leave(place, _told(place, folder, {"ended": False}))
    return before


def still(place: Place) -> None:
    """Leave behind that the push that has begun goes on."""
    with contextlib.suppress(OSError, ValueError):
        told = json.loads(place.path.read_text(encoding="utf-8"))
        _leave(place, json.dumps({**told, "ticks": machine().ticks()}))


def note(place: Place, folder: RunFolder, last: tuple[int, str] | None, before: str = "") -> None:
    """Leave behind that a push of the run ended now, and which row became which customer last (None: no row).

    `before` is left behind again where the push has sent nothing.
    """
    _leave(place, before or _told(place, folder, {"ended": True, **({"seq": last[0], "id": last[1]} if last else {})}))


def _told(place: Place, folder: RunFolder, how: dict[str, Any]) -> str:
    here = machine()
    told = {"folder": str(folder.path.resolve()), "plan": _plan(folder), "base_url": place.base_url,
            "machine": here.name, "ticks": here.ticks(), **how}  # fmt: skip
    return json.dumps(told)


def _plan(folder: RunFolder) -> str:
    """What tells the run from others of the same rows, wherever its folder lies; "" where that cannot be read."""
    try:
        return f"{store.own_facts(folder)['plan_sha256']} {folder.file('plan.json').stat().st_mtime_ns}"
    except (Stop, OSError, KeyError):
        return ""


def _leave(place: Place, text: str) -> None:
    """Where it cannot be written, nothing is left behind."""
    scratch = place.path.with_name(f"{place.path.name}.new")
    with contextlib.suppress(OSError):
        scratch.touch(mode=0o600)
        scratch.write_text(text, encoding="utf-8")
        scratch.replace(place.path)  # at once: a note that was cut short would say nothing


def awaited(
    place: Place, target: Target, identities: Sequence[Identity], settle: float, mine: RunFolder | None = None
) -> Awaited | None:
    """Whom a look-up made now must see, or wait for, as a push from this machine sent them less than `settle` seconds ago.

    Without `mine`, the run that pushes, nobody is waited for who may still arrive: its push looks again. Its own rows it
    settles by itself. The embedded sandbox shows at once whom it has.
    """
    if place.kind == "sandbox":
        return None
    try:
        told = json.loads(place.path.read_text(encoding="utf-8"))
        here = machine()
        age = here.ticks() - float(told["ticks"]) if told["machine"] == here.name else 0.0
        if told["base_url"] != place.base_url or (told["ended"] and not 0 <= age < settle):
            return None
        folder = RunFolder(Path(told["folder"]))
        if _plan(folder) != told["plan"] and (mine is None or _plan(mine) != told["plan"]):
            cut_off = mine is not None and not told["ended"] and 0 <= age < settle
            return Awaited(None, "", 0.0, blind=settle - age, anybody=True) if cut_off else None
        other = mine is None or _plan(mine) != told["plan"]
        last = journal.last_sent(folder.file("journal.db"), here) if other else journal.LastSent()
        seq, id_ = (told["seq"], told["id"]) if "seq" in told else (last.created or (None, ""))
        age = age if "seq" in told else last.age
        one = _wanted(folder, int(seq), target, identities) if seq is not None and age < settle else None
        names: frozenset[str] = frozenset()
        if mine is not None and last.doubtful and last.doubtful_age < settle:
            names = frozenset(_names(folder, last.doubtful, identities))
        if one is None and not names:
            return None
        return Awaited(one, str(id_), settle - age, names, settle - last.doubtful_age if names else 0.0)
    except (OSError, ValueError, KeyError, TypeError, Stop, pl.exceptions.PolarsError):
        return None


def _names(folder: RunFolder, seqs: Sequence[int], identities: Sequence[Identity]) -> Iterator[str]:
    """The names under which these rows of a run would be looked for."""
    found = store.rows(folder, pl.Series(seqs, dtype=pl.UInt32), ("seq", "key", "payload")).drop_nulls("payload")
    records = [json.loads(payload) for payload in found["payload"]]
    for key, names in zip(found["key"], who.of_records(records, identities), strict=True):
        yield from names or (keyed(key),)


def _wanted(folder: RunFolder, seq: int, target: Target, identities: Sequence[Identity]) -> Wanted | None:
    found = store.rows(folder, pl.Series([seq], dtype=pl.UInt32), ("seq", "key", "payload"))
    if found.is_empty():
        return None
    key, payload = found.select("key", "payload").row(0)
    names = sorted(who.of_records([json.loads(payload)], identities)[0])
    if names:
        return wanted_of(names[0], payload, identities)
    return Wanted(keyed(key), {}) if target.key_path is not None else None
