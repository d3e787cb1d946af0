"""A 403 to a write: of one row among others it is about that row, of many one after the other about the token."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
from conftest import SECRETS, Shell, people, write_csv
from e2e.pushing import TARGETS
from push.test_push_stops import Scene

from pipeline import run
from pipeline.errors import Unavailable
from pipeline.journal import Entry
from pipeline.options import PushOptions, RunOptions, Server, error_limit
from pipeline.progress import Silent
from pipeline.push.forbidden import readable
from pipeline.targets.interface import Answer, Call

PACE = ("--yes", "--rate", "0", "--quiet", "--timeout", "5", "--settle", "1")
PAGE = "<html><style>h1 {color: red}</style><body><h1>Request blocked</h1>Incident&nbsp;4711</body></html>"


def barring(scene: Scene, rows: Collection[int], *, reads: bool = False) -> None:
    """Answer the writes of these rows with a firewall's page; `reads` too, once the first of them was refused."""
    real, refused = scene.wire.send, []

    async def send(call: Call, **given: Any) -> Answer:
        if call.writes and any(b'"nr": %d,' % n in (call.body or b"") for n in rows):
            refused.append(call)
            return Answer(403, {}, None, PAGE)
        return await real(call, **given)

    async def read(call: Call) -> Answer:
        if reads and refused:
            raise Unavailable("the target refuses the credentials (403)")
        return await real(call)

    scene.wire.send, scene.wire.read = send, read  # type: ignore[method-assign]


@pytest.mark.parametrize("first", [0, 4, 9])
@pytest.mark.parametrize("target", TARGETS)
def test_one_row_is_refused_alone_wherever_it_stands(target: str, first: int) -> None:
    """The others go in, before and after it; it is rejected in the page's own words, certainly not in."""
    scene = Scene(10, target)
    barring(scene, {first})
    assert scene.run() == {"created": 9, "rejected": 1}
    entry = scene.journal.entry(first)
    assert entry is not None and entry.state == "rejected" and entry.sent_at is None and entry.http_status == 403
    assert entry.problems == [(None, "target.rejected_row", "403: Request blocked Incident&nbsp;4711")]
    assert scene.engine.result.counts == {"created": 9, "rejected": 1, "planned": 0}


def test_rows_that_are_refused_between_others_never_stop_the_push() -> None:
    """Each one that is accepted speaks against all before it: only rows one after the other are counted."""
    scene = Scene(150)
    barring(scene, range(0, 150, 2))
    assert scene.run() == {"created": 75, "rejected": 75}


@pytest.mark.parametrize(
    ("body", "text", "said"),
    [
        ({"detail": "may not write"}, '{"detail": "may not write"}', "may not write"),
        ({"message": "blocked"}, '{"message": "blocked"}', "blocked"),
        ({"detail": ["a"]}, '{"detail": ["a"]}', '{"detail": ["a"]}'),
        (None, PAGE, "Request blocked Incident&nbsp;4711"),
        (None, "", "no readable answer"),
    ],
)
def test_a_refusal_is_told_in_its_own_words(body: Any, text: str, said: str) -> None:
    """What JSON says in a sentence, else the text without its markup."""
    assert readable(Answer(403, {}, body, text)) == said


def test_where_a_plain_read_is_refused_too_it_is_the_credentials() -> None:
    """The push stops at once, nobody is rejected, and the rows wait for a token that may."""
    scene = Scene(12)
    barring(scene, range(4, 12), reads=True)
    with pytest.raises(Unavailable, match="credentials"):
        scene.run()
    states = dict(scene.journal.states())
    assert set(states.values()) == {"created", "planned"}
    assert [n for n, state in states.items() if state == "created"] == [0, 1, 2, 3] and len(states) <= 6


@pytest.mark.parametrize(("accepted", "most"), [(0, 6), (3, 44)])
def test_a_token_that_may_only_read_stops_the_push(accepted: int, most: int) -> None:
    """Row after row refused, reads shown: the push stops after a few, says so, and no row is taken for a bad one."""
    scene = Scene(80)
    barring(scene, range(accepted, 80))
    with pytest.raises(Unavailable, match=r"one after the other.*may the token write.*Request blocked"):
        scene.run()
    counts = scene.journal.counts()
    assert set(counts) <= {"created", "planned"} and counts.get("created", 0) == accepted
    assert counts["planned"] <= most and scene.wire.limiter.abandoned


def test_more_rows_than_are_believed_are_passed_where_the_user_allows_it() -> None:
    """Each push would stop at them; with `--max-errors`, which the stop names, they are told, and the others go in."""
    scene = Scene(80)
    barring(scene, range(3, 68))
    with pytest.raises(Unavailable) as stop:
        scene.run()
    assert "push RUN --max-errors 100%" in stop.value.remedy and scene.journal.counts()["created"] == 3
    for allowed in ("100%", "70"):
        scene = Scene(80, max_errors=error_limit(allowed, 80))
        barring(scene, range(3, 68))
        assert scene.run() == {"created": 15, "rejected": 65}


def test_no_more_rows_are_passed_than_the_user_allows() -> None:
    """A token that may no longer write is one in the end: nobody is taken for a bad row."""
    scene = Scene(80, max_errors=error_limit("50", 80))
    barring(scene, range(3, 80))
    with pytest.raises(Unavailable, match="refuses to take 5"):
        scene.run()
    assert set(scene.journal.counts()) == {"created", "planned"}


def test_a_lone_row_is_refused_where_the_run_has_sent_others_before() -> None:
    """The rows of an earlier push were accepted: the last one left is refused by itself, and told as rejected."""
    scene = Scene(3)
    scene.journal._write([sim_created(n) for n in (0, 1)])
    barring(scene, {2})
    assert scene.run() == {"created": 2, "rejected": 1}


def sim_created(seq: int) -> Entry:
    """A row that an earlier push has sent."""
    return Entry(seq, "created", id=f"id-{seq}", attempts=1, sent_at=1.0)


def test_a_lone_row_that_nothing_speaks_for_waits() -> None:
    """One row, refused, and nothing was ever accepted: nobody knows, so it is planned, and the push says why it stopped."""
    scene = Scene(1)
    barring(scene, {0})
    with pytest.raises(Unavailable, match="may the token write"):
        scene.run()
    assert scene.journal.counts() == {"planned": 1}


def test_a_row_that_may_have_arrived_is_looked_up_before_it_counts_as_refused() -> None:
    """Its first request was carried out and not answered, its second is refused by a firewall: it is in, once."""
    scene = Scene(4, settle=0.0)
    real, seen = scene.wire.send, []

    async def send(call: Call, **given: Any) -> Answer:
        if call.writes and b'"nr": 2,' in (call.body or b""):
            seen.append(call)
            if len(seen) == 1:
                await real(call, **given)
                scene.world.server.customers[-1]["at"] += 200.0  # its list shows it late
                return Answer(502, {}, None, "<html>")
            scene.world.server.customers[:] = [{**c, "at": 0.0} for c in scene.world.server.customers]
            return Answer(403, {}, None, PAGE)
        return await real(call, **given)

    scene.wire.send = send  # type: ignore[method-assign]
    assert scene.run() == {"created": 4}
    assert len(seen) == 2 and len(scene.world.server.customers) == 4


def test_a_look_up_that_is_refused_alone_costs_one_row() -> None:
    """The customer of one update cannot be read, 403, and others can: nothing is sent for it, and the others are updated."""
    scene = Scene(5)
    scene.update("old")
    real = scene.wire.read

    async def read(call: Call) -> Answer:
        if call.path.endswith("/id2/"):
            raise Unavailable("the target refuses the credentials (403)")
        return await real(call)

    scene.wire.read = read  # type: ignore[method-assign]
    assert scene.run() == {"updated": 4, "failed": 1}
    assert [c["name"] for c in scene.world.server.customers] == ["new", "new", "old", "new", "new"]


@pytest.mark.parametrize("target", TARGETS)
def test_a_firewall_that_dislikes_one_text_costs_one_row(
    target: str, shell: Shell, sandbox: Any, tmp_path: Path
) -> None:
    """Exit 1, every other customer is in once; corrected, the row goes in as a round of the run."""
    rows = people(30)
    rows[7]["Nombre"] = "Union Select SpA"
    write_csv(tmp_path / "list.csv", rows)
    running = sandbox(firewall="Union Select")
    where = ("--base-url", running.base_url)
    ended = shell("run", "list.csv", "--to", target, "--out", "run", *where, *PACE, secrets=True)
    assert ended.code == 1, ended.err
    assert ended.counts == {"created": 29, "rejected": 1}
    row = ended.results[7]
    assert row["_status"] == "rejected" and row["_http_status"] == "403" and row["_id"] == ""
    assert "Request blocked" in row["_errors"] and "<" not in row["_errors"]
    text = (tmp_path / "run" / "errors.csv").read_text(encoding="utf-8-sig")
    (tmp_path / "right.csv").write_text(text.replace("Union Select", "Unión"), encoding="utf-8")
    again = shell("run", "right.csv", *where, *PACE, secrets=True)
    assert again.code == 0, again.err
    assert len({c["name"] for c in running.customers(target)}) == len(running.customers(target)) == 30


@pytest.mark.parametrize("target", TARGETS)
def test_an_update_and_its_undoing_pass_a_firewall(target: str, shell: Shell, sandbox: Any, tmp_path: Path) -> None:
    """One of the updates is refused, and one of the put-backs: each alone, and the others are done."""
    before = people(12)
    before[3]["Dirección"] = "Calle DROP 1"
    write_csv(tmp_path / "before.csv", before)
    running = sandbox()
    where = ("--base-url", running.base_url)
    assert shell("run", "before.csv", "--to", target, "--out", "made", *where, *PACE, secrets=True).code == 0
    after = [{**row, "Dirección": f"Calle Nueva {i}"} for i, row in enumerate(before)]
    after[5]["Dirección"] = "Calle DROP 2"
    write_csv(tmp_path / "after.csv", after)
    running.reconfigure(firewall="DROP")
    updating = ("--on-existing", "update", "--out", "run")
    ended = shell("run", "after.csv", "--to", target, *updating, *where, *PACE, secrets=True)
    assert ended.code == 1 and ended.counts == {"updated": 11, "rejected": 1}, ended.err
    undone = shell("undo", "run", *where, *PACE, secrets=True)
    assert undone.code == 1, undone.err
    held = {c["name"]: c["address"].partition(",")[0] for c in running.customers(target)}  # created in any order
    wanted = {row["Nombre"]: "Calle Nueva 3" if n == 3 else row["Dirección"] for n, row in enumerate(before)}
    assert held == wanted, undone.err


def test_an_undo_that_a_firewall_stops_gets_further_each_time(shell: Shell, sandbox: Any, tmp_path: Path) -> None:
    """Who was refused comes last in the next one: customers behind more rows than are believed are put back, too."""
    count, barred = 52, range(4, 49)
    before = people(count)
    for n in barred:
        before[n]["Dirección"] = f"Calle DROP {n}"
    write_csv(tmp_path / "before.csv", before)
    running = sandbox()
    where = ("--base-url", running.base_url)
    assert shell("run", "before.csv", "--to", "piriod", "--out", "made", *where, *PACE, secrets=True).code == 0
    write_csv(tmp_path / "after.csv", [{**row, "Dirección": f"Calle Nueva {i}"} for i, row in enumerate(before)])
    updating = ("--on-existing", "update", "--out", "run")
    assert shell("run", "after.csv", "--to", "piriod", *updating, *where, *PACE, secrets=True).code == 0
    running.reconfigure(firewall="DROP")
    for _ in range(2):
        ended = shell("undo", "run", *where, *PACE, "--concurrency", "1", secrets=True)
        assert ended.code in (1, 5), ended.err
    held = {c["name"]: c["address"].partition(",")[0] for c in running.customers("piriod")}
    assert held == {
        row["Nombre"]: f"Calle Nueva {n}" if n in barred else row["Dirección"] for n, row in enumerate(before)
    }


def test_an_upload_that_a_firewall_dislikes_goes_on_row_by_row(shell: Shell, sandbox: Any, tmp_path: Path) -> None:
    """One text in a file of many is enough: the push names the command that goes on without uploads, and it does."""
    rows = people(30)
    rows[7]["Nombre"] = "Union Select SpA"
    write_csv(tmp_path / "list.csv", rows)
    running = sandbox(firewall="Union Select")
    where = ("--base-url", running.base_url)
    ended = shell("run", "list.csv", "--to", "dayzero", "--bulk", "--out", "run", *where, *PACE, secrets=True)
    assert ended.code == 2 and "403" in ended.err and "Without uploads" in ended.err, ended.err
    assert ended.counts == {"not_attempted": 30}
    again = shell("push", "run", *where, *PACE, secrets=True)
    assert again.code == 1, again.err
    assert type(again)(1, "", "", tmp_path / "run").counts == {"created": 29, "rejected": 1}
    assert len(running.customers("dayzero")) == 29


@pytest.mark.parametrize("refused", ["76.000.003-", "workspace"])
def test_a_look_up_that_a_firewall_dislikes_does_not_stop_the_plan(
    refused: str, tmp_path: Path, sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever cannot be asked for by his own number is found in the whole list; a refused token stops the plan as such."""
    for name in ("STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    running, rows = sandbox(), people(620)
    server = Server(running.base_url, "live", {n: v for n, v in SECRETS.items() if n.startswith("PIRIOD")})
    options = RunOptions((str(write_csv(tmp_path / "many.csv", rows)),), "piriod", out=tmp_path / "many")
    run.push(run.prepare(options, server, Silent()).folder, server, PushOptions(rate=0, settle=0.2), Silent())
    few = write_csv(tmp_path / "few.csv", [rows[3]])
    options = RunOptions((str(few),), "piriod", out=tmp_path / "few")
    asked = len(running.requests())
    if refused == "workspace":
        running.reconfigure(expire_after=1)
        with pytest.raises(Unavailable, match="credentials"):
            run.prepare(options, server, Silent())
    else:
        running.reconfigure(firewall=refused)
        assert run.prepare(options, server, Silent()).counts["skipped"] == 1
        assert any(r.status == 403 for r in running.requests()[asked:])
