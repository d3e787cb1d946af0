"""Write `pipeline/columns/listed.txt` anew: after a new release of babel or pycountry, or a change of a list of names."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from pipeline.columns import listed

PATH = Path(listed.__file__).with_name(listed.FILE)
OWNERS = ("columns.subdivisions", "columns.countries", "columns.currencies", "columns.gazetteer", "mapping.evidence")


def worked_out() -> dict[str, object]:
    """The tables that the file should hold."""
    for owner in OWNERS:
        import_module(f"pipeline.{owner}")
    return {name: make() for name, make in sorted(listed.TABLES.items())}


if __name__ == "__main__":
    PATH.write_text(listed.written(worked_out()), encoding="utf-8")
