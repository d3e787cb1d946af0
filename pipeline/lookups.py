"""Turn a target's closed lists (countries, states, payment terms) into a `Catalogue`, and remember it with its age.

Lists are fetched, never hard-coded. Those that are the same for every account (KEPT) are cached for a day in the
user's cache folder, one file for each server and mode; a stale copy serves where no request may be sent, and its age
is said. Payment terms are an account's own: a plan that is made without asking leaves them to the push.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import time
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import platformdirs

from pipeline.client import Client, Failed, page_of
from pipeline.errors import Misuse, Unavailable
from pipeline.handoff import Catalogue, Entry
from pipeline.language import later, say
from pipeline.targets.interface import ClosedList, Target

FRESH = 24 * 3600.0
MOST_PAGES = 10_000


async def fetch(client: Client, target: Target, countries: Iterable[str]) -> Catalogue:
    """Read the target's closed lists, all pages; of states only those of `countries`.

    Raises:
        Unavailable: the target cannot be asked.
    """
    found: dict[str, Any] = {}
    wanted = tuple(sorted(set(countries)))
    for name, closed in target.lists.items():
        if name == "states" and not wanted:
            continue
        try:
            found[name] = await _all(client, target, closed, wanted)
        except Failed as error:
            raise Unavailable(
                say(
                    "the list {name!r} of {title} cannot be read: {error}",
                    name=say(name),
                    title=target.title,
                    error=error,
                ),
                say(
                    "Check the address and the network, and run again; or check the list without the target: --dry-run --offline."
                ),
            ) from error
    said = {name: f"{len(entries)} from the target" for name, entries in found.items()}
    return replace(Catalogue(facts=said), **found)


async def _all(client: Client, target: Target, closed: ClosedList, countries: tuple[str, ...]) -> tuple[Entry, ...]:
    entries: list[Entry] = []
    page: str | None = None
    seen: set[str] = set()
    while len(seen) < MOST_PAGES:
        read = await page_of(client, target, closed.call(page, countries))
        try:
            found = [closed.read(item) for item in read.items]
        except (KeyError, TypeError) as error:
            raise Failed(say("an entry of the list has no {field}", field=error)) from error
        if not all(isinstance(entry.id, (int, str)) for entry in found):
            raise Failed(say("an entry of the list has no {field}", field="id"))
        entries += found
        if read.next is None:
            return tuple(entries)
        if read.next in seen:
            break
        page = read.next
        seen.add(page)
    raise Failed(say("the list does not end"))


def told(fact: str) -> str:
    """One of a catalogue's `facts` as a person reads it; they are compared elsewhere, so that their words stay the same."""
    if fetched := re.fullmatch(r"(\d+) from the target", fact):
        return say("{count:n} from the target", count=int(fetched[1]))
    if remembered := re.fullmatch(r"(\d+) remembered, (\d+) (h|min) old", fact):
        count, age, unit = remembered.groups()
        return say("{count:n} remembered, {age} old", count=int(count), age=f"{age} {unit}")
    return fact


def recall(base_url: str, test_mode: bool) -> tuple[Catalogue, float] | None:
    """The remembered catalogue of a server and its age in seconds, if there is one."""
    path = _cache_file(base_url, test_mode)
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        # Where the clock was set back since, at least nobody calls it fresh.
        age = abs(time.time() - float(stored["at"]))
        lists: dict[str, Any] = {
            n: tuple(Entry(**e) for e in stored[n]) if stored.get(n) is not None else None for n in KEPT
        }
    except (OSError, ValueError, KeyError, TypeError):
        return None
    said = {n: f"{len(v)} remembered, {_age(age)} old" for n, v in lists.items() if v is not None}
    return replace(Catalogue(facts=said), **lists), age


def remember(base_url: str, test_mode: bool, catalogue: Catalogue) -> None:
    """Keep a catalogue for later; where the cache cannot be written, nothing is kept."""
    content: dict[str, Any] = {"at": time.time()}
    for name in KEPT:
        entries = getattr(catalogue, name)
        content[name] = None if entries is None else [asdict(e) for e in entries]
    path = _cache_file(base_url, test_mode)
    scratch = path.with_suffix(f".{os.getpid()}.part")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        scratch.write_text(json.dumps(content), encoding="utf-8")
        scratch.replace(path)
    except OSError:
        scratch.unlink(missing_ok=True)


def merge(old: Catalogue | None, new: Catalogue) -> Catalogue:
    """`new` over `old`; states of countries that `new` did not ask for are kept."""
    if old is None or old.states is None:
        return new
    asked = {e.parent for e in new.states or ()}
    kept = tuple(e for e in old.states if e.parent not in asked)
    return replace(new, states=(*(new.states or ()), *kept), countries=new.countries or old.countries)


def load_states(path: Path) -> tuple[Entry, ...]:
    """Read a state catalogue: JSON (a list of objects) or CSV, with id, name, country and, if known, code.

    Raises:
        Misuse: it cannot be read, or lacks a column.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        rows: list[dict[str, Any]] = (
            json.loads(text) if path.suffix.lower() == ".json" else list(csv.DictReader(text.splitlines()))
        )
        return tuple(
            Entry(int(r["id"]) if str(r["id"]).isdecimal() else r["id"], str(r["name"]), r.get("code") or None, str(r["country"]))
            for r in rows
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Misuse(
            say("{path} is no state catalogue: {error}", path=path, error=error),
            say("It needs the columns id, name and country (CSV or JSON)."),
        ) from error


LISTS = (later("countries"), later("states"), later("terms"))
KEPT = LISTS[:2]


def _cache_file(base_url: str, test_mode: bool) -> Path:
    name = hashlib.blake2b(f"{base_url} {test_mode}".encode(), digest_size=8).hexdigest()
    return Path(platformdirs.user_cache_dir("customer-import")) / f"lists-{name}.json"


def _age(seconds: float) -> str:
    return f"{seconds / 3600:.0f} h" if seconds >= 3600 else f"{seconds / 60:.0f} min"
