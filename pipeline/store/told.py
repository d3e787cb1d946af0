"""Turn `plan.json` of a run and of its corrections into what is known of its plan, and hold plans against their hashes."""

from __future__ import annotations

import hashlib
from typing import Any

from pipeline.errors import BrokenInvariant, Misuse
from pipeline.folder import RunFolder
from pipeline.language import say
from pipeline.store.columns import VERSION

PUSHED = ".pushed"


def facts(folder: RunFolder) -> dict[str, Any]:
    """The content of the run's plan.json; with corrections, as the run stands after the last one.

    Raises:
        Misuse: it is damaged, or of another version.
    """
    content, *later = (own_facts(plan) for plan in plans(folder))
    for told in later:
        content = {
            **content, **{n: told[n] for n in ("sources", "settings", "unchecked") if n in told},
            "rows": content["rows"] + told["added"], "round": told["round"],
            "workspace": content["workspace"] or told["workspace"],
            "decisions": {**content["decisions"], **told["decisions"]},
            "verified": content["verified"] and told["verified"],
            **{n: sorted({*content[n], *told[n]}) for n in ("countries", "unresolved")},
        }  # fmt: skip
    return content


def own_facts(plan: RunFolder) -> dict[str, Any]:
    """The content of one plan's plan.json; see `facts`."""
    content = plan.read_json("plan.json")
    if isinstance(content, dict) and content.get("forgotten"):
        raise Misuse(
            say(
                "the personal data of {path} was removed on {day}; there is nothing left to send or correct",
                path=plan.path,
                day=str(content["forgotten"])[:10],
            ),
            say("Run the import again from the source file: who is in is found at the target."),
        )
    if not isinstance(content, dict) or content.get("version") != VERSION:
        raise Misuse(
            say("{path} was planned by another version of this program", path=plan.path),
            say("Finish it with that version, or run again."),
        )
    return content


def plans(folder: RunFolder) -> list[RunFolder]:
    """The run's own plan, and those of its corrections, in order."""
    found = [folder]
    while (path := folder.file(f"round-{len(found)}")).joinpath("plan.json").exists():
        found.append(RunFolder(path))
    return found


def end(folder: RunFolder) -> int:
    """How many rows all plans have: the seq of the next one."""
    last = own_facts(plans(folder)[-1])
    return int(last.get("first_seq", 0) + last["rows"])


def unpushed(folder: RunFolder) -> int | None:
    """The first seq of the plans that no push has begun with; None where there is none."""
    for plan in plans(folder):
        if not plan.file("journal.db" if plan is folder else PUSHED).exists():
            return int(own_facts(plan).get("first_seq", 0))
    return None


def mark_pushed(folder: RunFolder) -> None:
    """Note that a push begins: from here on no plan may be taken back."""
    for plan in plans(folder)[1:]:
        plan.file(PUSHED).touch(mode=0o600)


def verify(folder: RunFolder, content: dict[str, Any]) -> None:
    """Hold the plan against its hash.

    Raises:
        BrokenInvariant: the plan is torn, or was changed after planning.
    """
    path = folder.file("plan.parquet")
    if not path.exists() or _hash(path) != content.get("plan_sha256"):
        raise BrokenInvariant(
            say("{path} is not the plan that was made (torn, or changed since)", path=path),
            say("Nothing was sent. Run the import again from the source file."),
        )


def _hash(path: Any) -> str:
    with open(path, "rb") as file:  # noqa: PTH123 - hashlib wants the file object
        return hashlib.file_digest(file, "sha256").hexdigest()
