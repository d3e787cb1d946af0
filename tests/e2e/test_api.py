"""The tool as a library: files and frames are checked, planned and pushed from Python, and nothing is printed."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
import pytest
from conftest import SECRETS, people, write_csv
from hypothesis import given, settings
from hypothesis import strategies as st

import pipeline
from pipeline import Findings, Misuse, Stop, Unreadable, account, check, embedded, outcome, plan, push
from pipeline.issues import catalogue


@pytest.fixture(autouse=True)
def silent(capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Whatever a test does: nothing is printed, and only its own folder is written to."""
    monkeypatch.chdir(tmp_path)
    for name in ("XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    yield
    told = capfd.readouterr()
    assert told.out == "" and told.err == ""


def frame(rows: list[dict[str, str]]) -> pl.DataFrame:
    return pl.DataFrame(rows)


def test_every_name_that_is_promised_is_there_and_says_what_it_does() -> None:
    """`__all__` holds what `from pipeline import *` gives: functions and classes, each with a docstring."""
    for name in pipeline.__all__:
        found = getattr(pipeline, name)
        assert not isinstance(found, ModuleType) and found.__doc__, name
    assert set(pipeline.__all__) <= set(dir(pipeline))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        pipeline.nothing  # noqa: B018


def test_functions_stay_functions_when_their_namesakes_are_imported() -> None:
    """The stages called plan and push do not take the place of the functions, in whatever order they are imported."""
    import pipeline.plan
    import pipeline.push

    assert pipeline.plan is plan and pipeline.push is push
    assert isinstance(sys.modules["pipeline.push"], ModuleType) and sys.modules["pipeline.push"].Engine


def test_a_check_gives_rows_issues_and_records_and_leaves_nothing(tmp_path: Path) -> None:
    """Every row has a status, every problem its row, code and message; no file is left and no request sent."""
    rows = people(5)
    rows[1]["Correo"], rows[2]["RUT"] = "nobody", "76.000.002-1"
    write_csv(tmp_path / "list.csv", rows)
    found = check("list.csv", to="piriod")
    assert found.counts == {"ready": 3, "invalid": 2} and not found.ok and found.folder is None
    assert found.rows["_row"].to_list() == [2, 3, 4, 5, 6] and found.rows["RUT"].to_list() == [r["RUT"] for r in rows]
    errors = found.issues.filter(pl.col("severity") == "error")
    assert set(errors["_row"]) == {3, 4} and set(errors["code"]) <= set(catalogue())
    assert all(errors["message"]) and all(errors["remedy"])
    assert [json.loads(r)["name"] for r in found.plan["record"]] == [rows[i]["Nombre"] for i in (0, 3, 4)]
    assert [p.name for p in tmp_path.iterdir()] == ["list.csv"]


cells = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1).filter(
    lambda t: t.strip() == t
)


@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=4))
@settings(max_examples=15, deadline=None, derandomize=True)
def test_a_frame_is_taken_cell_by_cell_as_it_is(table: list[tuple[str, str]]) -> None:
    """Delimiters, quotes, formulas, zeros: what stands in a frame is what stands in the rows."""
    given_ = pl.DataFrame(
        {"Nombre": [a for a, _ in table], 'Nota;\n"x"': [b for _, b in table], "Correo": "a@b.example"}
    )
    found = check(given_, to="dayzero", map={"Nombre": "name", "Correo": "email"})
    assert found.rows.select(given_.columns).rows() == given_.rows()


def test_numbers_and_dates_and_nulls_of_a_frame_become_text_and_blanks() -> None:
    """A whole number keeps its digits, a null is a blank cell, two equal headers do not happen."""
    given_ = pl.DataFrame({"name": ["Año Ltda", "B"], "email": ["a@b.example", None], "notes": [2**60 + 1, None]})
    found = check(given_, to="dayzero")
    assert found.rows["notes"].to_list() == [str(2**60 + 1), None] and found.counts == {"ready": 1, "invalid": 1}
    assert json.loads(found.plan["record"][0])["notes"] == str(2**60 + 1)


def test_plan_and_push_with_callbacks(tmp_path: Path) -> None:
    """Planned rows are pushed once; each outcome is told after it is kept, progress too; the run folder is complete."""
    rows = people(30)
    rows[4]["Correo"] = "nobody"
    with embedded("piriod") as there:
        planned = plan(frame(rows), there, out="run", set={"manager": "Ana"})
        assert planned.counts == {"ready": 29, "invalid": 1}
        told: list[pipeline.RowOutcome] = []
        stages: list[tuple[str, int, int | None]] = []
        done = push(planned, there, on_row=told.append, on_progress=lambda *now: stages.append(now))
        assert done.counts == {"created": 29, "invalid": 1} and done.stopped is None and done.requests >= 29
        assert {(one.row, one.status, one.id) for one in told} == set(
            done.rows.filter(pl.col("_status") == "created").select("_row", "_status", "_id").rows()
        )
        assert ("push", 29, 29) in stages
        again = push("run", there, on_row=told.append)
        assert again.counts == done.counts and len(told) == 29
        assert plan(frame(rows), there, out="second").counts == {"skipped": 29, "invalid": 1}
    assert outcome("run").rows.equals(done.rows)
    assert {"results.csv", "errors.csv", "report.html", "summary.json"} <= {
        p.name for p in (tmp_path / "run").iterdir()
    }
    corrected = done.rows.filter(pl.col("_status") == "invalid").with_columns(Correo=pl.lit("some@body.example"))
    with embedded("piriod") as there:
        assert plan(corrected, there, out="third").counts == {"ready": 1}


def test_a_callback_that_fails_stops_no_push_and_is_raised_after_it() -> None:
    """Every row has its outcome all the same."""

    def fail(_row: Any) -> None:
        raise ZeroDivisionError

    with embedded("dayzero") as there:
        planned = plan(frame(people(4)), there, out="run")
        with pytest.raises(ZeroDivisionError):
            push(planned, there, on_row=fail)
    assert outcome("run").counts == {"created": 4}


def test_canary_and_going_on() -> None:
    """`stopped` says why a push ended early; the same call goes on."""
    with embedded("piriod") as there:
        planned = plan(frame(people(6)), there, out="run")
        assert push(planned, there, canary=2).stopped == "canary"
        assert push(planned, there).counts == {"created": 6}


def test_in_a_notebook(tmp_path: Path) -> None:
    """Where an event loop runs already, and a result shows itself as a table, whose cells are no markup."""
    rows = people(3)
    rows[0]["Correo"] = "<script>alert(1)</script>"

    async def notebook() -> Findings:
        with embedded("piriod") as there:
            return push(plan(frame(rows), there, out="run"), there)

    found = asyncio.run(notebook())
    shown = found._repr_html_()
    assert "<table>" in shown and "email.syntax" in shown and "<script>" not in shown and "&lt;script&gt;" in shown
    assert "<script>" not in found.issues._repr_html_() and "2 created" in repr(found)
    assert repr(check(frame(people(1)), to="piriod"))


def test_what_stops_is_raised_with_a_remedy(sandbox: Any) -> None:
    """Wrong use, unreadable files, refused credentials: each is a Stop of its kind, and tells what to do."""
    with pytest.raises(Unreadable) as stop:
        check("absent.csv", to="piriod")
    assert stop.value.remedy and stop.value.exit_code == 3
    with pytest.raises(Misuse, match="no column"):
        check(frame([{"a": "b"}]), to="piriod")
    with pytest.raises(Misuse, match="PIRIOD_WORKSPACE"):
        account("piriod", {"PIRIOD_API_TOKEN": "t"})
    with pytest.raises(Misuse, match="leaves nothing"):
        push(check(frame(people(1)), to="piriod"), account("piriod", SECRETS))
    with pytest.raises(TypeError, match="delimeter"):
        check("list.csv", to="piriod", delimeter=";")  # type: ignore[call-arg]
    running = sandbox(tokens=("other",))
    there = account("piriod", SECRETS, base_url=running.base_url)
    assert SECRETS["PIRIOD_API_TOKEN"] not in repr(there)
    with pytest.raises(Stop) as refused:
        plan(frame(people(1)), there)
    assert refused.value.exit_code == 5 and SECRETS["PIRIOD_API_TOKEN"] not in refused.value.message
