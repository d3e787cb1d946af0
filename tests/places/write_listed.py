"""Write `pipeline/columns/listed.json` anew: after a new release of babel or pycountry, or a change of a list of names."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path

from pipeline.columns import listed

PATH = Path(listed.__file__).with_name(listed.FILE)
OWNERS = ("columns.subdivisions", "columns.countries", "columns.currencies", "columns.gazetteer", "mapping.evidence")


def worked_out() -> dict[str, object]:
    """What the file should hold."""
    for owner in OWNERS:
        import_module(f"pipeline.{owner}")
    tables = {name: make() for name, make in sorted(listed.TABLES.items())}
    return {"releases": listed.releases(), "tables": tables}


if __name__ == "__main__":
    text = json.dumps(worked_out(), ensure_ascii=False, separators=(",", ":"))
    PATH.write_text(text + "\n", encoding="utf-8")
