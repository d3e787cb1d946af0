"""Turn "what does `--json` print?" into one model for each command, from which its JSON Schema is made.

The first name of each document is `schema`: `customer-import/KIND/VERSION`. A new version means that a name changed its
meaning or went away; new names may come without one, so readers should ignore what they do not know.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Counts = Annotated[dict[str, int], Field(description="Rows by status.")]
Path = Annotated[str, Field(description="A path, as given or as made.")]


class Document(BaseModel):
    """What every document has."""

    model_config = ConfigDict(extra="forbid", title="customer-import")

    schema_: Annotated[str, Field(alias="schema", pattern=r"^customer-import/[a-z]+/\d+$")]


class Example(BaseModel):
    """A row in which a problem occurs, and the cell as it stands there."""

    row: int | None
    value: str | None
    message: str | None = None


class Cause(BaseModel):
    """All problems with one code in one column; `detail` is what the target said, where that is the reason."""

    model_config = ConfigDict(extra="forbid")

    code: str
    severity: Literal["error", "warning"] | None = None
    column: str | None
    field: str | None = None
    rows: int
    title: str
    remedy: str | None = None
    detail: str | None = None
    examples: list[Example]


class Run(Document):
    """`run` and `push`: how the run stands at the end of the command."""

    run: Path
    dry_run: bool
    exit_code: int
    rows: Annotated[int, Field(description="Data rows read; the sum of `counts`.")]
    counts: Counts
    actions: dict[str, int]
    causes: list[Cause]
    unread: Annotated[int, Field(description="Rows of the source that --limit has left unread.")] = 0
    already_imported: Annotated[bool, Field(description="--once: this very file was imported, nothing was done.")] = (
        False
    )


class Status(Document):
    """`status`: what became of every row, so far; a run whose personal data was removed says when (`forgotten`)."""

    run: Path
    rows: int
    counts: Counts
    pushed: bool
    under_way: bool = False
    causes: list[Cause]
    undone: dict[str, int] = {}
    forgotten: str | None = None


class SourceFound(BaseModel):
    """What was detected in a file."""

    model_config = ConfigDict(extra="forbid")

    name: str
    kind: str
    encoding: str | None
    delimiter: str | None
    sheet: str | None
    header_row: int
    rows: int | None
    notes: list[str]


class ColumnFound(BaseModel):
    """One column: `field` is null where it is left out."""

    model_config = ConfigDict(extra="forbid")

    header: str
    field: str | None
    how: Literal["exact", "alias", "preset", "content", "mapping", "none"]
    reason: str
    examples: list[str]


class Inspect(Document):
    """`inspect`: what was detected, and which column goes where; `missing` are required fields that nothing feeds."""

    source: SourceFound
    preset: str | None
    columns: list[ColumnFound]
    compose: dict[str, str]
    set: dict[str, str]
    defaults: dict[str, str]
    missing: list[str]
    notes: list[str]


class SecretOf(BaseModel):
    """A secret that a target needs."""

    variable: str
    help: str


class TargetOf(BaseModel):
    """One target."""

    model_config = ConfigDict(extra="forbid")

    name: str
    title: str
    base_url: str
    rate: float
    concurrency: int
    secrets: list[SecretOf]
    identity: list[list[str]]


class Targets(Document):
    """`targets`: the targets there are; with TARGET it prints the JSON Schema of a customer instead."""

    targets: list[TargetOf]


class Check(Document):
    """`targets TARGET --check`: the credentials work; `secrets` says where each was found, `customers` may be unknown."""

    target: str
    base_url: str
    ok: Literal[True]
    customers: int | None
    workspace: str | None = None
    secrets: dict[str, str] = {}


class Template(Document):
    """`template`: the file that was written."""

    target: str
    file: Path
    lang: str


class Review(Document):
    """`review`: where the page is; printed at its start. `door` opens it once, without showing the address's token."""

    run: Path
    address: str
    door: str | None


class Undo(Document):
    """`undo`: what became of each update, and who was created."""

    run: Path
    exit_code: int
    counts: dict[str, int]
    updated: list[dict[str, Any]]
    created: list[dict[str, Any]]
    file: Path


class Forget(Document):
    """`forget`: what is left of the run."""

    run: str
    rows: int
    counts: Counts
    ids: int
    forgotten: str
    removed: int
    others: list[str]


class Bundle(Document):
    """`bundle`: the zip file, and how many bytes each file in it has."""

    run: Path
    file: Path
    files: dict[str, int]


class Login(Document):
    """`login`: the names of what was stored, never the secrets."""

    target: str
    profile: str | None
    stored: list[str]
    keyring: str


class Logout(Document):
    """`logout`: the names of what was removed."""

    target: str
    profile: str | None
    removed: list[str]


class Sandbox(Document):
    """`sandbox`: where it listens; printed at its start."""

    base_url: str


class Completion(Document):
    """`completion`: the script for a shell."""

    shell: str
    script: str


class Stop(Document):
    """Any command that stopped without a result; the same is said on stderr."""

    exit_code: int
    message: str
    remedy: Annotated[str, Field(description="What to do next; a command to type where there is one.")]


class Event(Document):
    """One line of `--events FILE`."""

    at: Annotated[str, Field(description="UTC, ISO 8601.")]
    event: Literal["stage", "progress", "row", "planned", "end", "stop"]
    stage: str | None = None
    total: int | None = None
    done: int | None = None
    source: Annotated[int, Field(description="Place in the run's sources, from 0.")] = 0
    sheet: Annotated[int, Field(description="Place in the run's sheets, from 0.")] = 0
    row: int | None = None
    status: str | None = None
    action: str | None = None
    id: str | None = None
    codes: list[str] = []
    run: Path | None = None
    rows: int | None = None
    counts: dict[str, int] | None = None
    exit_code: int | None = None


KINDS: dict[str, type[Document]] = {
    "run": Run, "status": Status, "inspect": Inspect, "targets": Targets, "check": Check, "template": Template, "review": Review, "undo": Undo,
    "forget": Forget, "bundle": Bundle, "login": Login, "logout": Logout, "sandbox": Sandbox, "completion": Completion,
    "stop": Stop, "event": Event,
}  # fmt: skip
"""Every kind of document, by the word in its `schema`."""
