"""Turn customers into rows of a SQLite database, in a file or in memory, and back.

One connection is shared by the server's thread and whoever looks in from outside; a lock makes every
operation whole. The body of a customer is kept as the JSON that was accepted; what is filtered or sorted by
has columns of its own. Nothing here knows an API.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.errors import Misuse
from pipeline.language import say

VERSION = 1
Json = dict[str, Any]
Where = list[tuple[str, tuple[Any, ...]]]

_SCHEMA = """
CREATE TABLE customer (
    n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    target TEXT NOT NULL, workspace TEXT NOT NULL, test INTEGER NOT NULL,
    name TEXT, email TEXT, folded TEXT, tax_id TEXT, country TEXT, status TEXT,
    created TEXT NOT NULL, updated TEXT NOT NULL, deleted TEXT, body TEXT NOT NULL);
CREATE INDEX by_realm ON customer (target, workspace, test, created);
CREATE INDEX by_email ON customer (folded, target, workspace, test);
CREATE INDEX by_tax_id ON customer (tax_id, target, workspace, test);
CREATE TABLE metadata (
    n INTEGER NOT NULL REFERENCES customer ON DELETE CASCADE, key TEXT NOT NULL, value TEXT NOT NULL);
CREATE INDEX by_metadata ON metadata (key, value);
CREATE INDEX of_customer ON metadata (n);
CREATE TABLE part (
    n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, owner TEXT NOT NULL,
    body TEXT NOT NULL);
CREATE INDEX by_owner ON part (owner, kind);
"""
_COLUMNS = ("name", "email", "folded", "tax_id", "country", "status", "created", "updated", "deleted", "body")
_UPDATE = f"UPDATE customer SET {', '.join(f'{name}=?' for name in _COLUMNS)} WHERE n=?"  # noqa: S608 (constants)
_INSERT = (
    f"INSERT INTO customer ({', '.join(_COLUMNS)}, id, target, workspace, test)"  # noqa: S608 (constants)
    " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
)
_NARROW = ("id ", "n =", "n IN ", "tax_id ", "folded ", "(folded ")
"""How the conditions begin that few rows meet."""


class Realm(NamedTuple):
    """The set of data a request works on: target, workspace, test mode."""

    target: str
    workspace: str
    test: bool


@dataclass
class Row:
    """One customer: `body` is what was accepted, `created` and `updated` are ISO 8601 in UTC."""

    id: str
    realm: Realm
    body: Json
    country: str | None = None
    status: str | None = None
    created: str = ""
    updated: str = ""
    deleted: str | None = None
    n: int = 0
    metadata: Json = field(default_factory=dict)


class Store:
    """The data of one sandbox."""

    def __init__(self, database: Path | None) -> None:
        """Open the file, or an empty database in memory.

        Raises:
            Misuse: the file cannot be opened, or is no database of this version.
        """
        self._lock = threading.RLock()
        self._depth = 0
        try:
            if database is not None:
                os.close(os.open(database, os.O_CREAT | os.O_RDWR, 0o600))
            self._db = sqlite3.connect(database or ":memory:", isolation_level=None, check_same_thread=False)
            self._prepare()
        except (OSError, sqlite3.Error) as error:
            if hasattr(self, "_db"):
                self._db.close()
            wrong = say("cannot use {file} as the sandbox's database: {why}", file=database, why=error)
            raise Misuse(wrong, say("Name another file.")) from error

    def _prepare(self) -> None:
        self._db.execute("PRAGMA busy_timeout = 5000")
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version != VERSION and (version or self._db.execute("SELECT 1 FROM sqlite_master").fetchone()):
            raise sqlite3.DatabaseError("it was not made by this version of the sandbox")
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute("PRAGMA foreign_keys = ON")
        if not version:
            self._db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")

    def close(self) -> None:
        """Close the database; in memory, forget it."""
        with self._lock:
            self._db.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction: all of the block is done, or nothing. May be nested."""
        with self._lock:
            self._depth += 1
            try:
                if self._depth == 1:
                    self._db.execute("BEGIN IMMEDIATE")
                yield
                if self._depth == 1:
                    self._db.execute("COMMIT")
            except BaseException:
                if self._depth == 1 and self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
            finally:
                self._depth -= 1

    def save(self, row: Row) -> Row:
        """Insert a row (`n` is 0) or update it, with its metadata; fills in `n`, `created`, `updated`."""
        row.updated = now()
        row.created = row.created or row.updated
        email, text = row.body.get("email"), json.dumps(row.body, ensure_ascii=False, separators=(",", ":"))
        facts = (row.body.get("name"), email, fold(email), row.body.get("tax_id"), row.country, row.status)
        values = (*facts, row.created, row.updated, row.deleted, text)
        with self.writing():
            if row.n:
                self._db.execute(_UPDATE, (*values, row.n))
                self._db.execute("DELETE FROM metadata WHERE n=?", (row.n,))
            else:
                row.n = self._db.execute(_INSERT, (*values, row.id, *row.realm)).lastrowid or 0
            entries = [(row.n, key, plain(value)) for key, value in row.metadata.items() if value is not None]
            if entries:
                self._db.executemany("INSERT INTO metadata VALUES (?,?,?)", entries)
        return row

    def remove(self, row: Row) -> None:
        """Delete a row for good."""
        with self.writing():
            self._db.execute("DELETE FROM customer WHERE n=?", (row.n,))

    def get(self, realm: Realm, id_: str) -> Row | None:
        """The customer with this id, deleted or not."""
        return next(iter(self.select(realm, [("id = ?", (id_,))])), None)

    def select(
        self, realm: Realm | None, where: Where, order: str = "n", limit: int = -1, offset: int = 0
    ) -> list[Row]:
        """Customers of a realm (None: of all); `where` is made of constant SQL and its parameters."""
        sql, values = _where(realm, where)
        sql = f"SELECT * FROM customer {sql} ORDER BY {order} LIMIT ? OFFSET ?"  # noqa: S608 (constants only)
        with self._lock:
            return [_row(found) for found in self._db.execute(sql, (*values, limit, offset))]

    def count(self, realm: Realm, where: Where) -> int:
        """How many `select` would find."""
        sql, values = _where(realm, where)
        with self._lock:
            found = self._db.execute(f"SELECT count(*) FROM customer {sql}", values)  # noqa: S608 (constants only)
            return int(found.fetchone()[0])

    def names(self, realm: Realm) -> list[tuple[int, str]]:
        """Row number and name of every customer that is not deleted."""
        sql, values = _where(realm, [("deleted IS NULL", ())])
        with self._lock:
            return self._db.execute(f"SELECT n, name FROM customer {sql} ORDER BY n", values).fetchall()  # noqa: S608

    def parts(self, kind: str, owner: str) -> list[Json]:
        """What belongs to an owner (contacts of a customer, terms of a business), oldest first."""
        with self._lock:
            sql = "SELECT body FROM part WHERE owner=? AND kind=? ORDER BY n"
            return [json.loads(body) for (body,) in self._db.execute(sql, (owner, kind))]

    def add_part(self, kind: str, owner: str, body: Json) -> None:
        """Keep something that belongs to an owner; `body` has an `id` that nothing else has."""
        with self.writing():
            values = (body["id"], kind, owner, json.dumps(body, ensure_ascii=False))
            self._db.execute("INSERT INTO part (id, kind, owner, body) VALUES (?,?,?,?)", values)


def _where(realm: Realm | None, where: Where) -> tuple[str, list[Any]]:
    whole = list(where)
    if realm:
        # A plus keeps the planner from walking the whole realm for the sake of its order.
        plus = "+" if any(clause.startswith(_NARROW) for clause, _ in where) else ""
        whole.insert(0, (f"{plus}target = ? AND {plus}workspace = ? AND {plus}test = ?", tuple(realm)))
    text = " AND ".join(clause for clause, _ in whole)
    return (f"WHERE {text}" if text else ""), [value for _, values in whole for value in values]


def _row(found: Sequence[Any]) -> Row:
    n, id_, target, workspace, test, *_, country, status, created, updated, deleted, body = found
    whole = json.loads(body)
    realm = Realm(target, workspace, bool(test))
    return Row(id_, realm, whole, country, status, created, updated, deleted, n, whole.get("metadata") or {})


def fold(email: str | None) -> str | None:
    """An e-mail without case."""
    return email.casefold() if email is not None else None


def plain(value: Any) -> str:
    """A metadata value as a query string would write it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def now(ago: float = 0.0) -> str:
    """The time `ago` seconds ago, as ISO 8601 in UTC; texts sort as times do."""
    moment = datetime.now(UTC) - timedelta(seconds=ago)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


_counter = count()


def new_id() -> int:
    """A UUID of version 7 (RFC 9562) as an integer: time, then a counter, then chance."""
    millis = time.time_ns() // 1_000_000
    chance = int.from_bytes(os.urandom(8), "big") >> 2
    return (millis & (2**48 - 1)) << 80 | 0x7 << 76 | (next(_counter) & 0xFFF) << 64 | 0b10 << 62 | chance
