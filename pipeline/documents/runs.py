"""Turn how a run stands into documents: what `run`, `push`, `status` and all that takes a RUN print, and the events."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from pipeline.documents.document import Document, Path

Counts = Annotated[dict[str, int], Field(description="Rows by status.")]


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
    undone: dict[str, int] = Field({})
    forgotten: str | None = None


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
    codes: list[str] = Field([])
    run: Path | None = None
    rows: int | None = None
    counts: dict[str, int] | None = None
    exit_code: int | None = None
