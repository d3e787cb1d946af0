"""Turn what every command may print into models: what each document has, and that there is no result."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Path = Annotated[str, Field(description="A path, as given or as made.")]


class Document(BaseModel):
    """What every document has."""

    model_config = ConfigDict(extra="forbid", title="customer-import")

    schema_: Annotated[str, Field(alias="schema", pattern=r"^customer-import/[a-z]+/\d+$")]


class Stop(Document):
    """Any command that stopped without a result; the same is said on stderr."""

    exit_code: int
    message: str
    remedy: Annotated[str, Field(description="What to do next; a command to type where there is one.")]
