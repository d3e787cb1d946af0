"""Turn requests into the answers of a target in memory, one of either API, with the manners that a seed gave it.

What the documents leave open is drawn: how far filters can be believed, whether an e-mail may be there twice, what a
PUT does to absent fields, the shape of pages and answers, how soon a list shows a new customer. Other people create
and change customers meanwhile. Requests may be carried out late, but never later than `LATEST` seconds.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from typing import Any, Literal

from pipeline.targets.interface import Answer, Call

LATEST = 60.0
"""No server of these worlds carries a request out later than this after it had it."""
FIELDS = ("nr", "name", "email", "phone", "metadata")

Belief = Literal["works", "contains", "ignored"]


@dataclass(frozen=True)
class Manners:
    """What a server does where its documents are silent."""

    lag: float = 0.0
    key_filter: Belief = "works"
    mail_filter: Belief = "works"
    empty: float = 0.0
    page: int = 100
    short: bool = False
    envelope: bool = True
    duplicate: Literal[200, 201, 400, 409] = 201  # of an e-mail: 201 makes another customer, 200 shows the one there is
    put_replaces: bool = False

    @classmethod
    def drawn(cls, rng: random.Random) -> Manners:
        """The manners of a seed; half of the servers are plain ones."""
        if rng.random() < 0.3:
            return cls()
        return cls(
            lag=rng.choice((0.0, 0.0, 20.0)),
            key_filter=rng.choice(("works", "works", "contains", "ignored")),
            mail_filter=rng.choice(("works", "works", "contains", "ignored")),
            empty=rng.choice((0.0, 0.0, 0.3)),
            page=rng.choice((100, 100, 1, 3)),
            short=rng.random() < 0.3,
            envelope=rng.random() < 0.7,
            duplicate=rng.choice((201, 201, 201, 400, 409, 200)),
            put_replaces=rng.random() < 0.3,
        )


@dataclass
class Server:
    """The target's customers, and what it will do a little later."""

    keyed: bool
    rng: random.Random
    manners: Manners = Manners()
    customers: list[dict[str, Any]] = field(default_factory=list)
    late: list[tuple[float, Call]] = field(default_factory=list)
    strangers: list[tuple[float, str | None, dict[str, Any]]] = field(default_factory=list)
    refuses: frozenset[int] = frozenset()
    latest: float = LATEST
    made: int = 0

    def later(self, call: Call, now: float) -> None:
        """Carry a request out, but not now."""
        self.late.append((now + self.rng.random() * self.latest, call))

    def arrive(self, now: float) -> None:
        """Let everything happen that is due, in the order of time."""
        due = [(at, True, what) for at, *what in self.strangers if at <= now]
        due += [(at, False, [call]) for at, call in self.late if at <= now]
        if not due:
            return
        self.strangers = [s for s in self.strangers if s[0] > now]
        self.late = [c for c in self.late if c[0] > now]
        for at, strange, what in sorted(due, key=lambda d: d[0]):
            if not strange:
                self.write(what[0], at)
            elif what[0] is None:
                self._add(what[1], at)
            else:
                self.find(what[0]).update(what[1])

    def find(self, id_: str) -> dict[str, Any]:
        """The customer with this id."""
        return next(c for c in self.customers if c["id"] == id_)

    def _add(self, body: dict[str, Any], now: float) -> dict[str, Any]:
        self.made += 1
        made = {**dict.fromkeys(FIELDS), **body, "id": f"id{self.made}", "at": now}
        self.customers.append(made)
        return made

    def write(self, call: Call, now: float) -> Answer:
        """Carry a writing request out."""
        body = json.loads(call.body or b"{}")
        if call.method == "POST":
            if body["nr"] in self.refuses:
                return Answer(400, {}, {"name": ["no"], "detail": "no"})
            rival = next((c for c in self.customers if c["email"] == body["email"]), None)
            if self.manners.duplicate == 200 and rival:
                return Answer(200, {}, self._wrapped(dict(rival)))
            if self.manners.duplicate != 201 and rival:
                return Answer(self.manners.duplicate, {}, {"email": ["it is taken"], "detail": "it is taken"})
            return Answer(201, {}, self._wrapped(dict(self._add(body, now))))
        customer = self.find(call.path.rstrip("/").rpartition("/")[2])
        if customer["nr"] in self.refuses:
            return Answer(400, {}, {"name": ["no"], "detail": "no"})
        if call.method == "PUT" and self.manners.put_replaces:
            customer.update(dict.fromkeys(FIELDS))
        customer.update({n: v for n, v in body.items() if n in FIELDS})
        return Answer(200, {}, self._wrapped(dict(customer)))

    def read(self, call: Call, now: float) -> Answer:
        """Answer a reading request: one customer, or a page of them."""
        name = call.path.rstrip("/").rpartition("/")[2]
        if name != "customers":
            return Answer(200, {}, self._wrapped(dict(self.find(name))))
        params = dict(call.params)
        shown = [c for c in self.customers if c["at"] + self.manners.lag <= now]
        key, mail = params.get("metadata__import_key"), params.get("email")
        if (key or mail) and self.rng.random() < self.manners.empty:
            shown = []
        shown = _filtered(shown, key, self.manners.key_filter, lambda c: (c["metadata"] or {}).get("import_key"))
        shown = _filtered(shown, mail, self.manners.mail_filter, lambda c: c["email"])
        return Answer(200, {}, self._numbered(shown, params) if self.keyed else self._cursored(shown, params))

    def _numbered(self, shown: list[dict[str, Any]], params: dict[str, str]) -> Any:
        size, number = self.manners.page, int(params.get("page", "1"))
        items = shown[(number - 1) * size : number * size]
        following = f"http://elsewhere.example/customers/?page={number + 1}" if number * size < len(shown) else None
        return {"count": len(shown), "next": following, "previous": None, "results": [dict(c) for c in items]}

    def _cursored(self, shown: list[dict[str, Any]], params: dict[str, str]) -> Any:
        size, after = self.manners.page, params.get("cursor")
        begin = next((i + 1 for i, c in enumerate(shown) if c["id"] == after), 0)
        items, more = shown[begin : begin + size], begin + size < len(shown)
        page = {"items": [dict(c) for c in items], "next_cursor": items[-1]["id"] if more else None}
        whole = {"has_more": more} if self.manners.short else {"has_next": more, "total": len(shown)}
        return self._wrapped({**page, **whole})

    def _wrapped(self, data: Any) -> Any:
        if self.keyed or not self.manners.envelope:
            return data
        return {"success": True, "message": "", "code": "OK", "data": data}


def _filtered(shown: list[dict[str, Any]], wanted: str | None, how: Belief, value: Any) -> list[dict[str, Any]]:
    if wanted is None or how == "ignored":
        return shown
    if how == "contains":
        return [c for c in shown if wanted[:4] in (value(c) or "")]
    return [c for c in shown if value(c) == wanted]
