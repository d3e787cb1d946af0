"""Turn the run's mapping and the changes of it into the lines of the page's table of columns."""

from __future__ import annotations

from typing import Any

from pipeline.review.desk import Desk
from pipeline.schema import fields

EXAMPLES = 3


def columns(desk: Desk) -> list[dict[str, Any]]:
    """Each column of the run: its header, the field that it feeds now, how that was found, examples."""
    found: list[dict[str, Any]] = []
    for source in desk.facts["sources"]:
        for choice in source["columns"]:
            place = source["places"][choice["index"]]
            if any(line["index"] == place for line in found):
                continue
            header = choice["header"]
            inside = [n for n, parts in source["parts"].items() if choice["index"] in parts]
            found.append({
                "index": place, "header": header, "field": desk.folded.assigned.get(header, choice["field"] or ""),
                "how": "review" if header in desk.folded.assigned else choice["how"], "composes": inside,
                "editable": bool(header) and desk.headers.count(header) == 1,
                "examples": desk.base.cells[f"c{place}"].drop_nulls().unique(maintain_order=True).head(EXAMPLES).to_list(),
            })  # fmt: skip
    return sorted(found, key=lambda line: line["index"])


def targets(desk: Desk, lang: str) -> list[dict[str, Any]]:
    """The fields of the target: label, whether it must be there, and the default that stands."""
    mapped = desk.mapping
    return [
        {"name": name, "label": one.column.label_es if lang == "es" else one.column.label, "required": one.required,
         "default": desk.folded.defaults.get(name, mapped.defaults.get(name, "")),
         "constant": mapped.constants.get(name, "")}
        for name, one in fields(desk.target.record).items() if one.kind != "object"
    ]  # fmt: skip
