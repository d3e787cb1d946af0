"""An undo covers every round of its run, can be asked for again, and `status` says what was put back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from conftest import Shell, people, write_csv
from e2e.test_undo import PACE, change, kept, lines


def test_updates_of_every_round_are_put_back_and_told(shell: Shell, sandbox: Any, tmp_path: Path) -> None:
    """A row that was corrected is put back as the others are; what somebody changed stays; a second undo changes nothing."""
    running = sandbox()
    where = ("--base-url", running.base_url, *PACE)
    rows = people(3)
    write_csv(tmp_path / "one.csv", rows)
    assert shell("run", "one.csv", "--to", "piriod", *where, "--out", "one", secrets=True).code == 0
    before = kept("piriod", running)
    for i, row in enumerate(rows):
        row |= {"Dirección": f"Calle nueva {i}"} | ({"País": "Atlantis"} if i == 1 else {})
    write_csv(tmp_path / "two.csv", rows)
    first = shell("run", "two.csv", "--to", "piriod", *where, "--on-existing", "update", "--out", "two", secrets=True)
    assert first.counts == {"updated": 2, "invalid": 1}, first.err
    errors = tmp_path / "two" / "errors.csv"
    corrected = tmp_path / "corrected.csv"
    corrected.write_bytes(errors.read_bytes().replace(b"Atlantis", b"Chile"))
    again = shell("run", "corrected.csv", *where, secrets=True)
    assert again.code == 0, again.err
    told = json.loads(shell("status", "two", "--json").out)
    assert told["counts"] == {"updated": 3} and told["undone"] == {}
    ids = {c["name"]: c["id"] for c in running.customers("piriod")}
    theirs = ids[rows[2]["Nombre"]]
    change("piriod", running, theirs, address="Somebody else's 1")
    for _ in range(2):
        undone = shell("undo", "two", *where, secrets=True)
        assert undone.code == 1, undone.err
        after = kept("piriod", running)
        assert after.pop(theirs)["address"] == "Somebody else's 1"
        assert after == {id_: one for id_, one in before.items() if id_ != theirs}
        status = json.loads(shell("status", "two", "--json").out)
        assert status["undone"] == {"left": 1, "restored": 2}
        assert "undone since: 1 left, 2 restored (undo.csv)" in shell("status", "two").out


def test_each_row_of_a_customer_is_told_its_own_update(shell: Shell, sandbox: Any, tmp_path: Path) -> None:
    """The first of two rows of a customer goes in a round later than the second: neither has the other's line."""
    running = sandbox()
    where = ("--base-url", running.base_url, *PACE)
    rows = people(1)
    write_csv(tmp_path / "one.csv", rows)
    assert shell("run", "one.csv", "--to", "piriod", *where, "--out", "one", secrets=True).code == 0
    early = {**rows[0], "Teléfono": "+56 2 2345 6789"}
    late = {**early, "Dirección": "Calle tardía 1", "País": "Atlantis"}
    write_csv(tmp_path / "two.csv", [late, early])
    args = ("--on-existing", "update", "--out", "two")
    first = shell("run", "two.csv", "--to", "piriod", *where, *args, secrets=True)
    assert first.counts == {"updated": 1, "invalid": 1}, first.err
    corrected = tmp_path / "corrected.csv"
    corrected.write_bytes((tmp_path / "two" / "errors.csv").read_bytes().replace(b"Atlantis", b"Chile"))
    again = shell("run", "corrected.csv", *where, secrets=True)
    assert json.loads(shell("status", "two", "--json").out)["counts"] == {"updated": 2}, again.err
    shell("undo", "two", *where, secrets=True)
    told = lines(tmp_path / "two")
    assert [line["_row"] for line in told] == ["2", "3"]
    assert "address" in told[0]["_restored"] and "phone" not in told[0]["_restored"]
    assert "phone" in told[1]["_restored"] and "address" not in told[1]["_restored"]
