"""What an edit on the page comes to: laws of the desk, without a browser."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from conftest import SECRETS, Ended, Shell, people, rut, write_csv
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import store
from pipeline.folder import RunFolder
from pipeline.options import PushOptions, Server
from pipeline.progress import Silent
from pipeline.review import view
from pipeline.review.commands import Review
from pipeline.review.desk import Changed, Desk
from pipeline.review.history import History
from pipeline.review.pushing import Pushing, Told
from pipeline.review.saved import save

COUNTRY, EMAIL, TAX_ID = 3, 5, 1


def faulty(count: int = 12) -> list[dict[str, str]]:
    """Rows of which each third has a wrong country, each third a wrong address, each third both."""
    rows = people(count)
    for i, row in enumerate(rows):
        row["País"] = "Chille" if i % 3 != 1 else row["País"]
        row["Correo"] = f"pagos {i}@x.example" if i % 3 != 0 else row["Correo"]
    return rows


@pytest.fixture(scope="module")
def made(tmp_path_factory: Any) -> Path:
    """A dry run of faulty rows."""
    shell = Shell(tmp_path_factory.mktemp("desk"))
    write_csv(shell.home / "f.csv", faulty())
    ended = shell("run", "f.csv", "--to", "piriod", "--dry-run", "--offline", "--out", "r")
    assert ended.counts == {"invalid": 12}, ended.err
    return ended.folder


@contextmanager
def desk_of(run: Path, servers: Callable[[], Any] | None = None) -> Iterator[Desk]:
    history = History(RunFolder(run))
    try:
        yield Desk(RunFolder(run), history, Silent(), servers)
    finally:
        history.close()


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    """A copy of that run, to be edited."""
    import shutil

    return Path(shutil.copytree(made, tmp_path / "r"))


def shown(desk: Desk) -> Any:
    """Everything that a page can see of the rows."""
    at = pl.int_range(desk.base.height, dtype=pl.UInt32, eager=True)
    return json.loads(json.dumps(view.rows(desk, at))), sorted(map(str, view.causes(desk)))


EDIT = st.one_of(
    st.tuples(st.just("cell"), st.integers(0, 11), st.sampled_from([COUNTRY, EMAIL, TAX_ID]),
              st.sampled_from([None, "CL", "Chille", "ok@x.example", "nothing", "=1+1", "Perú"])),
    st.tuples(st.just("once"), st.sampled_from(["Chille", "Chile"]), st.sampled_from(["CL", "Peru", "Nowhere"])),
    st.tuples(st.just("default"), st.sampled_from(["CL", "AR"])),
    st.tuples(st.just("undo")), st.tuples(st.just("redo")),
)  # fmt: skip


def do(desk: Desk, edit: tuple[Any, ...]) -> None:
    if edit[0] == "cell":
        _, at, column, text = edit
        desk.edit(desk.base.place["origin"][at], column, desk.now.cells[f"c{column}"][at], text)
    elif edit[0] == "once":
        desk.change({"kind": "once", "field": "country", "value": edit[1], "replacement": edit[2],
                     "code": "country.unknown", "column": "País"})  # fmt: skip
    elif edit[0] == "default":
        desk.change({"kind": "default", "field": "country", "value": edit[1]})
    else:
        getattr(desk, edit[0])(desk.version)


@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=st.lists(EDIT, min_size=1, max_size=6))
def test_what_is_shown_is_what_a_check_of_everything_says(run: Path, edits: list[tuple[Any, ...]]) -> None:
    """After any edits: a desk that is opened anew shows the same, undoing all shows the run as it was, and so on back."""
    (run / ".review.db").unlink(missing_ok=True)
    with desk_of(run) as desk:
        first = shown(desk)
        for edit in edits:
            do(desk, edit)
        here = shown(desk)
        with desk_of(run) as again:
            assert shown(again) == here
        count = 0
        while desk.undo(desk.version):
            count += 1
        assert shown(desk) == first
        for _ in range(count):
            assert desk.redo(desk.version)
        while desk.redo(desk.version):
            count += 1
        if not any(edit[0] in ("undo", "redo") for edit in edits):
            assert shown(desk) == here


def test_an_edit_is_on_the_disk_before_it_is_answered(run: Path) -> None:
    """Another process sees it at once, in a file that is the user's alone; nothing of the run itself has changed."""
    before = {p.name: p.read_bytes() for p in run.iterdir() if p.is_file()}
    with desk_of(run) as desk:
        desk.edit(0, COUNTRY, "Chille", "CL")
        other = sqlite3.connect(run / ".review.db")
        assert json.loads(other.execute("SELECT content FROM edit").fetchone()[0])["cells"] == [[0, COUNTRY, "CL"]]
        other.close()
        assert stat.S_IMODE((run / ".review.db").stat().st_mode) == 0o600
        assert desk.counts() == {"invalid": 11, "ready": 1}
    assert {p.name: p.read_bytes() for p in run.iterdir() if p.name in before} == before


def test_an_edit_on_something_else_than_what_is_there_is_refused(run: Path) -> None:
    """A stale cell, a stale version, a row that is not to be corrected: nothing is written."""
    with desk_of(run) as desk:
        desk.edit(0, COUNTRY, "Chille", "CL")
        for stale in (lambda: desk.edit(0, COUNTRY, "Chille", "AR"), lambda: desk.undo(0), lambda: desk.edit(99, 0, "x", "y"),
                      lambda: desk.edit(0, 99, None, "y"), lambda: desk.accept_all("country.unknown", "País", 0)):  # fmt: skip
            with pytest.raises(Changed):
                stale()
        assert desk.version == 1 and desk.now.cells["c3"][0] == "CL"


def test_all_suggestions_of_a_cause_go_into_their_cells_and_back(run: Path) -> None:
    """One edit, one undo; rows with another problem keep it."""
    with desk_of(run) as desk:
        assert desk.accept_all("country.unknown", "País", desk.version) == 8
        assert desk.counts() == {"invalid": 8, "ready": 4}
        assert next(c for c in view.causes(desk) if c["code"] == "country.unknown")["rows"] == 0
        desk.undo(desk.version)
        assert desk.counts() == {"invalid": 12}


def test_filters_show_the_rows_that_they_say(run: Path) -> None:
    """By cause, also when it is settled; by status, column, text and row number."""
    with desk_of(run) as desk:
        desk.accept_all("country.unknown", "País", desk.version)

        def rows(**wanted: str) -> list[int]:
            return desk.base.place["row"].gather(view.positions(desk, view.Filter(**wanted))).to_list()

        assert rows(code="country.unknown", column="País") == [2, 4, 5, 7, 8, 10, 11, 13]
        assert rows(code="country.unknown", column="País", status="fixed") == [2, 5, 8, 11]
        assert rows(status="todo", where="Correo") == rows(status="invalid") == [3, 4, 6, 7, 9, 10, 12, 13]
        assert rows(text="ÑANDÚ 7") == rows(text="ñandú 7") == [9]
        assert 13 in rows(text="13")  # a row by its number
        assert rows(text=".*") == []


def test_two_rows_that_become_the_same_customer_are_told_at_once(run: Path) -> None:
    """Each is right by itself; together they are not, and the page says it before anything is planned."""
    with desk_of(run) as desk:
        desk.edit(0, COUNTRY, "Chille", "CL")
        desk.edit(3, COUNTRY, "Chille", "CL")
        assert desk.counts() == {"invalid": 10, "ready": 2}
        desk.edit(3, TAX_ID, desk.now.cells["c1"][3], desk.now.cells["c1"][0])
        codes = set(desk.now.problems.filter(pl.col("pos").is_in([0, 3]))["code"])
        assert "duplicate.conflict" in codes and desk.counts() == {"invalid": 12}


def test_the_corrected_file_is_an_error_file_of_the_run(run: Path) -> None:
    """Edits and replacements stand in its cells, and the command takes it as a correction."""
    with desk_of(run) as desk:
        desk.edit(1, EMAIL, "pagos 1@x.example", "=ok@x.example")
        desk.edit(1, EMAIL, "=ok@x.example", "ok@x.example")
        desk.edit(0, 0, desk.now.cells["c0"][0], "=SpA")
        do(desk, ("once", "Chille", "CL"))
        assert desk.counts() == {"invalid": 7, "ready": 5}
        name = save(desk)
    ended = Shell(run.parent)("run", run / name, "--dry-run", "--offline", "--json")
    assert json.loads(ended.out)["counts"]["ready"] == 5, ended.err
    assert store.facts(RunFolder(run))["round"] == 1


def test_a_refused_row_stays_refused_until_something_of_it_changes(shell: Shell) -> None:
    """A change for all rows that does not touch what was refused sends nothing again; an edit of the row does."""
    rows = people(4)
    for row in rows[:2]:
        row["RUT"] = ""
    rows[3]["País"] = "Chille"
    write_csv(shell.home / "f.csv", rows)
    ended = shell("run", "f.csv", "--to", "piriod", "--sandbox", "--out", "r")
    assert ended.counts == {"created": 1, "invalid": 1, "rejected": 2}, ended.out
    with desk_of(ended.folder) as desk:
        desk.change({"kind": "map", "header": "Teléfono", "field": ""})
        assert desk.counts() == {"invalid": 1, "rejected": 2}
        do(desk, ("once", "Chille", "CL"))
        assert desk.counts() == {"ready": 1, "rejected": 2}
        desk.edit(0, TAX_ID, None, rut(77_000_001))
        assert desk.counts() == {"ready": 2, "rejected": 1}
        assert desk.edits().rows["_row"].to_list() == ["2", "5"]


def checked(shell: Shell, there: Any) -> tuple[Ended, Callable[[], AbstractContextManager[Server]]]:
    """The dry run of f.csv against a sandbox, and what opens the way to that sandbox."""
    ended = shell(
        "run", "f.csv", "--to", "piriod", "--base-url", there.base_url, "--dry-run", "--out", "r", secrets=True
    )

    @contextmanager
    def servers() -> Iterator[Server]:
        yield Server(there.base_url, "live", {n: v for n, v in SECRETS.items() if n.startswith("PIRIOD")})

    return ended, servers


def test_a_planned_round_that_nobody_pushes_leaves_nothing_behind(shell: Shell, sandbox: Any) -> None:
    """Planned twice, cancelled, killed after planning: the run has no round, and every edit is still there."""
    database = shell.home / "box.sqlite"
    write_csv(shell.home / "f.csv", faulty(6))
    there = sandbox(database=database)
    ended, servers = checked(shell, there)
    with desk_of(ended.folder, servers) as desk:
        desk.accept_all("country.unknown", "País", desk.version)
        pushing = Pushing(desk, servers, PushOptions(), Told())
        for _ in range(2):
            plan = pushing.plan()
            assert plan["forecast"]["creates"] == 2 and plan["live"] and plan["forecast"]["workspace"] == "acc_1"
        assert (ended.folder / "round-1" / "plan.json").exists()
        pushing.cancel()
        assert not (ended.folder / "round-1").exists()
        pushing.plan()
    with desk_of(ended.folder, servers) as desk:  # as after a kill: the plan was not taken back
        assert not (ended.folder / "round-1").exists()
        assert desk.counts() == {"invalid": 4, "ready": 2}
    assert not list(ended.folder.glob(".round-*"))
    assert there.customers("piriod") == []


def test_a_correction_in_a_terminal_takes_no_edit_away(run: Path) -> None:
    """The page is told, shows the run as it stands then, and every edit stands: also for a desk that is opened later."""
    with desk_of(run) as desk:
        desk.edit(0, COUNTRY, "Chille", "CL")
        save(desk)
        with desk_of(run) as other:
            other.edit(3, COUNTRY, "Chille", "CL")
            name = save(other)
            other.undo(other.version)
        text = (run / name).read_text(encoding="utf-8-sig").splitlines(keepends=True)
        (run / "errors.corrected.csv").write_text("".join([text[0], text[4]]), encoding="utf-8-sig")
        ended = Shell(run.parent)("run", run / name, "--dry-run", "--offline")
        assert "1 ready" in ended.out, ended.err
        with pytest.raises(Changed):
            desk.look()
        desk.look()
        assert desk.counts() == {"invalid": 10, "ready": 1} and desk.base.height == 11
        with desk_of(run) as again:
            assert shown(again) == shown(desk)


@pytest.mark.parametrize("other", ["edit", "refused", "cancel"])
def test_edits_that_another_page_took_out_of_the_plan_are_not_lost(other: str, shell: Shell, sandbox: Any) -> None:
    """A page pushes what another one has taken back meanwhile: it is told so, and every edit still stands."""
    write_csv(shell.home / "f.csv", faulty(6))
    there = sandbox()
    ended, servers = checked(shell, there)
    with desk_of(ended.folder, servers) as desk:
        review = Review(desk, Pushing(desk, servers, PushOptions(rate=0), Told()), "en")
        review.call("accept", {"code": "country.unknown", "column": "País", "version": desk.version})
        review.call("plan", {"version": desk.version})
        if other == "cancel":
            review.call("cancel", {})
        else:
            before = "pagos 1@x.example" if other == "edit" else "what it was before"
            with contextlib.suppress(Changed):
                review.call("edit", {"id": 1, "cell": EMAIL, "before": before, "text": "bien@x.example"})
        edits = len(desk.history.entries())
        with pytest.raises(Changed):
            review.call("push", {"version": desk.version})  # a page follows the version by itself
        assert len(desk.history.entries()) == edits and there.customers("piriod") == []
        review.call("plan", {"version": desk.version})
        review.call("push", {"version": desk.version})
        review.pushing.wait()
        assert len(there.customers("piriod")) == (3 if other == "edit" else 2)
