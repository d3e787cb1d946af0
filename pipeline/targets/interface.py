"""What a target is: a frozen value of pure functions that turn records into requests and answers into outcomes.

Nothing here sends anything. `client` sends a `Call`; the target reads the answer. Only `lookups`, `plan` and
`push` hold a target; the other stages know its fields.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel

Json = Any
Record = dict[str, Any]


@dataclass(frozen=True)
class Secret:
    """One credential: the environment variable that holds it, and what it is."""

    variable: str
    help: str
    private: bool = True


@dataclass(frozen=True)
class Call:
    """One HTTP request, relative to the target's base URL. `writes` says whether it may change anything."""

    method: Literal["GET", "POST", "PATCH", "PUT"]
    path: str
    params: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None

    @property
    def writes(self) -> bool:
        """Whether the request may change anything at the target."""
        return self.method != "GET"


@dataclass(frozen=True)
class Answer:
    """What came back: `json` is None where the body is no JSON (`text` then says what it was)."""

    status: int
    headers: Mapping[str, str]
    json: Json
    text: str = ""


UNREADABLE = "?"
"""In the place of a page's `next`: there is one, and the answer does not say how to ask for it."""


@dataclass(frozen=True)
class Page:
    """One page of a list: its items, how to ask for the next one (None: the last), and the total if told."""

    items: tuple[Record, ...]
    next: str | None
    total: int | None


@dataclass(frozen=True)
class Created:
    """The customer is at the target, as `id`; `record` is the target's own view of it."""

    id: str
    record: Record


@dataclass(frozen=True)
class Rejected:
    """The target refused: `problems` are (field or None, message)."""

    problems: tuple[tuple[str | None, str], ...]


@dataclass(frozen=True)
class Wait:
    """Not taken, come back later: `seconds` as the target says, None where it does not."""

    seconds: float | None
    why: str


@dataclass(frozen=True)
class Unknown:
    """Whether it was done cannot be told from the answer."""

    why: str


@dataclass(frozen=True)
class Fatal:
    """No request of this run can succeed (credentials, workspace): stop at once."""

    why: str


Outcome = Created | Rejected | Wait | Unknown | Fatal


@dataclass(frozen=True)
class ClosedList:
    """A closed list of the target: how to ask for a page of it, and how to read an item."""

    call: Callable[[str | None, tuple[str, ...]], Call]  # (page token, countries) -> request
    read: Callable[[Record], Any]  # item -> handoff.Entry


@dataclass(frozen=True)
class Pace:
    """How fast to go where nobody says: requests a second, concurrent requests, seconds of patience."""

    rate: float
    concurrency: int
    timeout: float = 30.0


@dataclass(frozen=True)
class Identity:
    """What makes two customers the same: the fields that must be equal, all of them present."""

    fields: tuple[str, ...]


@dataclass(frozen=True)
class Target:
    """Everything the importer knows of one API; see `piriod` and `dayzero` for the two there are.

    Attributes:
        record: the pydantic model of what is sent; the schema.
        headers: secrets by variable name and test mode -> request headers.
        workspace: the variable that names the workspace.
        identities: in order of preference; the first whose fields are all there decides.
        create: the JSON of the plan, byte for byte, -> request. update: id, what differs, and the customer as
            the target shows it now -> request. retrieve: id -> request.
        search: filters by field (equality) and a page token -> request; a field that is not in `filters`
            cannot be searched for. Answers are compared on our side all the same.
        page: answer of `search` -> items and the next token.
        outcome: answer of a write -> what it means.
        view: the target's own record -> the same in the shape we send (ids instead of objects).
        regulated: the fields that are required where the row's country is regulated and the account's own.
        merged: object fields that must be read and sent merged on update.
        newest: page token -> request for a page of the customers, the newest first; None where the target has no such
            order. made: the field of its records that says when a customer was created (ISO 8601). deleted: the one that
            is true where it was deleted, if such a one is still answered for by its id.
        key_path: where our import key is stored at the target ("metadata.import_key"); None: nowhere.
        key_filter: filter by our key; None where the target cannot.
    """

    name: str
    title: str
    base_url: str
    record: type[BaseModel]
    secrets: tuple[Secret, ...]
    headers: Callable[[Mapping[str, str], bool], dict[str, str]]
    workspace: str
    identities: tuple[Identity, ...]
    filters: tuple[str, ...]
    pace: Pace
    page_size: int
    create: Callable[[bytes], Call]
    update: Callable[[str, Record, Record], Call]
    retrieve: Callable[[str], Call]
    search: Callable[[Mapping[str, str], str | None], Call]
    page: Callable[[Answer], Page]
    outcome: Callable[[Call, Answer], Outcome]
    view: Callable[[Record], Record]
    lists: Mapping[str, ClosedList] = field(default_factory=dict)
    regulated: tuple[str, ...] = ()
    merged: tuple[str, ...] = ()
    newest: Callable[[str | None], Call] | None = None
    made: str = "created"
    deleted: str | None = None
    key_path: str | None = None
    key_filter: Callable[[str], dict[str, str]] | None = None
    has_test_mode: bool = False
    unlimited: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Uploaded:
    """What the answer to an upload says: `errors` are (row number as the vendor counts, what is wrong)."""

    created: int
    skipped: int
    errors: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class Bulk:
    """A CSV upload: many customers in one request, and an answer that has counts but no ids.

    Attributes:
        template: the request for the template; `columns` reads the header out of its answer.
        upload: a CSV and the name of its part -> request and content type. `read`: its answer; None: unreadable.
        newest: page token -> request for a page of the customers, the newest first.
    """

    template: Call
    columns: Callable[[Answer], tuple[str, ...]]
    upload: Callable[[bytes, str], tuple[Call, str]]
    read: Callable[[Answer], Uploaded | None]
    newest: Callable[[str | None], Call]


@dataclass(frozen=True)
class BulkTarget(Target):
    """A target that also takes many customers at once."""

    bulk: Bulk | None = None
