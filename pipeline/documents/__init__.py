"""Turn "what does `--json` print?" into one model for each command, from which its JSON Schema is made.

The first name of each document is `schema`: `customer-import/KIND/VERSION`. A new version means that a name changed its
meaning or went away; new names may come without one, so readers should ignore what they do not know.
"""

from __future__ import annotations

from pipeline.documents.before import Check, Completion, Inspect, Login, Logout, Sandbox, Targets, Template
from pipeline.documents.document import Document, Stop
from pipeline.documents.runs import Bundle, Event, Forget, Review, Run, Status, Undo

__all__ = ["KINDS", "Document", "Event"]

KINDS: dict[str, type[Document]] = {
    "run": Run, "status": Status, "inspect": Inspect, "targets": Targets, "check": Check, "template": Template, "review": Review, "undo": Undo,
    "forget": Forget, "bundle": Bundle, "login": Login, "logout": Logout, "sandbox": Sandbox, "completion": Completion,
    "stop": Stop, "event": Event,
}  # fmt: skip
"""Every kind of document, by the word in its `schema`."""
