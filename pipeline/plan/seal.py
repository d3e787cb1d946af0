"""Turn the decisive facts of a plan into a seal, so that a plan.json that was edited is refused like an edited plan.

What is sealed is what decides where and how rows are sent; texts for people are not.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from pipeline.errors import BrokenInvariant
from pipeline.language import say

DECISIVE = (
    "target",
    "workspace",
    "mode",
    "base_url",
    "sandbox",
    "options",
    "verified",
    "unresolved",
    "countries",
    "rows",
)


def sealed(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts with their seal."""
    return {**facts, "facts_sha256": _digest(facts)}


def verify(facts: Mapping[str, Any]) -> None:
    """Hold facts that were read back against their seal.

    Raises:
        BrokenInvariant: they were changed after planning.
    """
    if facts.get("facts_sha256") != _digest(facts):
        raise BrokenInvariant(
            say("plan.json is not the one that was made (changed since)"),
            say("Nothing was sent. Run the import again from the source file."),
        )


def _digest(facts: Mapping[str, Any]) -> str:
    chosen = {name: facts.get(name) for name in DECISIVE}
    return hashlib.sha256(json.dumps(chosen, sort_keys=True, default=str).encode()).hexdigest()
