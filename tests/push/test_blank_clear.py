"""`--blank clear` empties whole fields; the entries of an object field, our key among them, are never taken away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import Shell, people, write_csv


@pytest.mark.parametrize("merges", [True, False])
def test_a_blank_entry_of_metadata_stays(merges: bool, shell: Shell, sandbox: Any, tmp_path: Path) -> None:
    """A blank phone is cleared, a blank `metadata.tier` is not, whether PATCH merges or replaces the object."""
    running = sandbox(patch_merges=merges)
    where = ("--to", "piriod", "--base-url", running.base_url, "--yes", "--rate", "0", "--quiet")
    rows = [{**row, "metadata.tier": "A", "metadata.other": "x"} for row in people(2)]
    write_csv(tmp_path / "one.csv", rows)
    assert shell("run", "one.csv", *where, "--out", "one", secrets=True).code == 0
    before = {c["id"]: c["metadata"] for c in running.customers("piriod")}
    write_csv(tmp_path / "two.csv", [{**row, "metadata.tier": "", "Teléfono": ""} for row in rows])
    again = (*where, "--on-existing", "update", "--blank", "clear", "--out", "two")
    ended = shell("run", "two.csv", *again, secrets=True)
    assert ended.counts == {"updated": 2}, ended.err
    assert {c["id"]: c["metadata"] for c in running.customers("piriod")} == before
    assert all(c["phone"] is None and c["metadata"]["tier"] == "A" for c in running.customers("piriod"))
    assert all("import_key" in metadata for metadata in before.values())
