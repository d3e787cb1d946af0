"""Turn what is asked before a run into documents: what a file holds, what a target wants, what this machine has stored."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from pipeline.documents.document import Document, Path


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
    secrets: dict[str, str] = Field({})


class Template(Document):
    """`template`: the file that was written."""

    target: str
    file: Path
    lang: str


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
