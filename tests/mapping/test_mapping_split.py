"""Lists in one cell are split only when told, and what is left out is said."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from conftest import Shell, people, write_csv

from pipeline import targets
from pipeline.handoff import Mapping, Settings
from pipeline.normalise import normalise


def test_a_list_is_an_error_until_its_separator_is_named() -> None:
    """Two addresses in one cell are asked about; with the separator the first one is taken, listed in the changes."""
    record = targets.load("dayzero").record
    mapped = pl.DataFrame({"email": ["a@x.example; b@x.example", " ; c@x.example", "d@x.example", None]})
    asked = normalise(mapped, Mapping(()), record, Settings())
    assert asked.issues["code"].to_list()[0] == "email.several" and asked.record["email"][0] is None
    told = normalise(mapped, Mapping(()), record, Settings(), (), {"email": ";"})
    assert told.record["email"].to_list() == ["a@x.example", "c@x.example", "d@x.example", None]
    assert told.changes.to_list()[0] == "email: a@x.example; b@x.example -> a@x.example"
    assert told.issues.is_empty()


def test_the_mapping_file_tells_it(shell: Shell, tmp_path: Path) -> None:
    """`[options] split` in a mapping file, end to end."""
    write_csv(tmp_path / "list.csv", [people(1)[0] | {"Correo": "a@x.example; b@x.example"}])
    (tmp_path / "m.toml").write_text('[options]\nsplit = { email = ";" }\n')
    ended = shell("run", "list.csv", "--to", "dayzero", "--dry-run", "--offline", "--mapping", "m.toml", "--quiet")
    assert ended.counts == {"ready": 1}, ended.err
    assert "a@x.example; b@x.example -> a@x.example" in ended.results[0]["_changes"]
