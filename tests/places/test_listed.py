"""The tables of names that are kept in a file are the ones that the libraries' lists give."""

from __future__ import annotations

import json

from places.write_listed import OWNERS, PATH, worked_out

from pipeline.columns import listed


def test_the_kept_tables_are_those_of_the_lists() -> None:
    """After a change of a list, of a rule of folding or of a library: `python tests/places/write_listed.py`."""
    kept = json.loads(PATH.read_text(encoding="utf-8"))
    found = worked_out()
    assert len(OWNERS) == len({name.partition(".")[0] for name in listed.TABLES})
    assert kept["tables"].keys() == found["tables"].keys()
    if kept["releases"] == found["releases"]:
        assert kept == json.loads(json.dumps(found))


def test_with_another_release_of_a_library_the_tables_are_worked_out(monkeypatch) -> None:
    """The file counts only for the libraries that it was made with."""
    asked = []

    def numbers() -> list[str]:
        asked.append(1)
        return ["one"]

    name = f"{numbers.__module__.rpartition('.')[2]}.numbers"
    try:
        listed._kept.cache_clear()
        monkeypatch.setattr(listed, "releases", lambda: {"babel": "0", "pycountry": "0"})
        table = listed.table(numbers)
        assert table() == ["one"] == table()
        assert asked == [1]
        assert listed._kept() == {}
    finally:
        listed._kept.cache_clear()
        del listed.TABLES[name]
