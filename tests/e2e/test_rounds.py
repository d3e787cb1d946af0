"""From "some rows failed" to done: error files that come back, round after round, until every row is in."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
from conftest import Ended, Shell, people, rut, write_csv
from e2e.round_files import (
    FIRST,
    KNOBS,
    SECOND,
    Inside,
    Row,
    correct_csv,
    correct_xlsx,
    faulty,
    read_csv,
    sheet_of_rows,
    with_changes,
    write_rows,
)

from pipeline import rounds
from pipeline.errors import Misuse
from pipeline.folder import RunFolder
from pipeline.progress import Silent

TARGETS = ("piriod", "dayzero")
PACE = ("--yes", "--rate", "0", "--quiet")
HANDS: dict[str, Callable[[Path, Callable[[list[Row]], list[Row]]], None]] = {"csv": correct_csv, "xlsx": correct_xlsx}


class Job:
    """A list, a sandbox and a run folder; every further command goes to the same server."""

    def __init__(self, shell: Inside, sandbox: Any, home: Path, target: str, rows: list[Row], **knobs: Any) -> None:
        self.shell, self.home, self.target = shell, home, target
        self.running = sandbox(**{**KNOBS[target], **knobs})
        self.where = ("--base-url", self.running.base_url, *PACE)
        write_csv(home / "list.csv", rows)

    def __call__(self, *args: object) -> Ended:
        return self.shell(*args, *self.where, secrets=True)

    def run(self, *args: object) -> Ended:
        return self("run", "list.csv", "--to", self.target, "--match", "name", "--out", "run", *args)

    @property
    def counts(self) -> dict[str, int]:
        """What `status` says."""
        found: dict[str, int] = json.loads(self.shell("status", "run", "--json").out)["counts"]
        return found

    @property
    def names(self) -> list[str]:
        """The customers at the target."""
        return sorted(c["name"] for c in self.running.customers(self.target))


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Inside:
    """The command line in this process."""
    return Inside(tmp_path, monkeypatch, capsys)


def small(count: int = 6) -> list[Row]:
    """A few customers, of whom the second and the third are faulty."""
    rows = people(count, start=76_200_000)
    rows[1]["Correo"], rows[2]["Correo"] = "mal", "peor"
    return rows


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("kind", HANDS)
def test_every_row_is_in_after_two_rounds(target: str, kind: str, inside: Inside, sandbox: Any, tmp_path: Path) -> None:
    """Eight kinds of faults and two refusals, corrected twice: each customer exists once, each row tells its story."""
    rows = faulty(target)
    job = Job(inside, sandbox, tmp_path, target, rows)
    errors = tmp_path / "run" / f"errors.{kind}"
    first = job.run()
    assert first.code == 1, first.err
    codes = {code for r in first.results for code in r["_error_codes"].split(";") if code}
    assert len({c for c in codes if not c.startswith("target.")}) >= 8, codes
    assert [r["_status"] for r in first.results].count("rejected") == 2
    out = [r["_status"] != "created" for r in first.results]
    HANDS[kind](errors, with_changes(FIRST))
    second = job("run", errors)
    assert second.code == 1, second.err
    assert second.counts == {"created": 15, "skipped": 1, "invalid": 1}
    assert [r["_row"] for r in read_csv(tmp_path / "run" / "errors.csv")] == ["10"]
    HANDS[kind](errors, with_changes(SECOND))
    third = job("run", errors)
    assert third.code == 0, third.err
    assert third.counts == {"created": 16, "skipped": 1}
    assert not errors.exists()
    results = third.results
    assert [int(r["_row"]) for r in results] == list(range(2, 19))
    wanted = [row | (FIRST.get(n, {}) | SECOND.get(n, {}) if out[n - 2] else {}) for n, row in enumerate(rows, 2)]
    assert [{name: r[name].removeprefix("'") for name in wanted[0]} for r in results] == wanted
    assert len(job.names) == 16 == len(set(job.names))
    there = {c["id"]: c["name"] for c in job.running.customers(target)}
    assert all(there[r["_id"]] == r["Nombre"] for r in results if r["_status"] == "created")
    assert "Correo (edited): todavía mal -> bien10@nandu.example" in results[8]["_changes"]
    status = json.loads(job.shell("status", "run", "--json").out)
    assert (status["rows"], status["counts"]) == (17, {"created": 16, "skipped": 1})


@pytest.mark.parametrize("target", TARGETS)
def test_a_round_can_be_reviewed_before_it_is_pushed(target: str, inside: Inside, sandbox: Any, tmp_path: Path) -> None:
    """A dry run of a round sends nothing; it may be made again from the same file; push sends the last one."""
    job = Job(inside, sandbox, tmp_path, target, small())
    assert job.run().counts == {"created": 4, "invalid": 2}
    kept = tmp_path / "kept.csv"
    shutil.copy(tmp_path / "run" / "errors.csv", kept)
    correct_csv(kept, with_changes({3: {"Correo": "uno@x.example"}, 4: {"Correo": "dos@x.example"}}))
    dry = job("run", kept, "--out", "run", "--dry-run")
    assert (dry.code, dry.counts) == (0, {"created": 4, "ready": 2}), dry.err
    assert len(job.names) == 4
    assert job.counts == {"created": 4, "ready": 2}
    correct_csv(kept, with_changes({4: {"Correo": "tres@x.example"}}))
    again = job("run", kept, "--out", "run", "--dry-run")
    assert again.counts == {"created": 4, "ready": 2}, again.err
    assert sorted(p.name for p in (tmp_path / "run").glob("round-*")) == ["round-1"]
    assert job("push", "run").code == 0
    emails = {c["email"] for c in job.running.customers(target)}
    assert len(job.names) == 6 and {"uno@x.example", "tres@x.example"} <= emails and "dos@x.example" not in emails


def test_a_first_dry_run_is_corrected_before_anything_is_sent(inside: Inside, sandbox: Any, tmp_path: Path) -> None:
    """Plan, correct, plan again, push: the rows of both plans go in, and the superseded ones never do."""
    job = Job(inside, sandbox, tmp_path, "piriod", small())
    assert job.run("--dry-run").counts == {"ready": 4, "invalid": 2}
    errors = tmp_path / "run" / "errors.xlsx"
    correct_xlsx(errors, with_changes({3: {"Correo": "uno@x.example"}}))
    assert job("run", errors, "--dry-run").counts == {"ready": 5, "invalid": 1}
    correct_xlsx(errors, with_changes({4: {"Correo": "dos@x.example"}}))
    assert job("run", errors, "--dry-run", "--offline").counts == {"ready": 6}
    assert job.names == []
    pushed = job("push", "run")
    assert (pushed.code, pushed.counts) == (0, {"created": 6}), pushed.err
    assert len(job.names) == 6


def test_deleted_rows_stay_and_added_rows_are_new(inside: Inside, sandbox: Any, tmp_path: Path) -> None:
    """A row deleted from the file stays as it was; a row added goes in after the last one and is said; a copy is one too."""
    job = Job(inside, sandbox, tmp_path, "piriod", small())
    job.run()
    extra = [r | {"Nombre": f"Otra {n}"} for n, r in enumerate(people(2, start=76_300_000))]
    one = {"_row": "", "_key": "", "_run": ""} | extra[0]
    errors = tmp_path / "run" / "errors.csv"

    def change(rows: list[Row]) -> list[Row]:
        kept = rows[0] | {"Correo": "uno@x.example"}
        return [kept, {n: one.get(n, "") for n in kept}, kept | extra[1]]

    correct_csv(errors, change)
    ended = job("run", errors)
    assert ended.code == 1, ended.err
    assert ended.counts == {"created": 7, "invalid": 1}
    added = ended.results[-2:]
    assert [r["_row"] for r in added] == ["8", "9"] and [r["_status"] for r in added] == ["created", "created"]
    assert "added" in added[0]["_warnings"] and "key of another row" in added[1]["_warnings"]
    assert ended.results[2]["_status"] == "invalid" and ended.results[2]["Correo"] == "peor"
    assert [r["_row"] for r in read_csv(errors)] == ["4"]
    correct_csv(errors, with_changes({4: {"Correo": "dos@x.example"}}))
    assert job("run", errors).counts == {"created": 8}
    assert len(job.names) == 8


@pytest.mark.parametrize(
    "spoil", ["key column", "row column", "a key", "a strange key", "another run", "two runs", "older", "sorted apart"]
)
def test_a_file_that_cannot_be_matched_is_refused(spoil: str, inside: Inside, sandbox: Any, tmp_path: Path) -> None:
    """Keys or numbers gone, another run, an older round, columns sorted apart: exit 2, the reason, the remedy, nothing sent."""
    rows = people(6, start=76_200_000)
    for row in rows[1:5]:
        row["Correo"] = "mal"
    job = Job(inside, sandbox, tmp_path, "piriod", rows)
    job.run()
    errors = tmp_path / "run" / "errors.csv"
    lines = read_csv(errors)
    if spoil.endswith("column"):
        gone = "_key" if spoil == "key column" else "_row"
        lines = [{n: v for n, v in line.items() if n != gone} for line in lines]
    elif spoil == "a key":
        lines[1]["_key"] = ""
    elif spoil == "a strange key":
        lines[1]["_key"] = "0" * 32
    elif spoil == "another run":
        lines = [line | {"_run": "run#000000000000"} for line in lines]
    elif spoil == "two runs":
        lines[1]["_run"] = "run#000000000000"
    elif spoil == "older":
        correct_csv(errors, with_changes({3: {"Correo": "uno@x.example"}}))
        assert job("run", errors).counts == {"created": 3, "invalid": 3}
    else:
        ours = [n for n in lines[0] if n.startswith("_")]
        turned = [*lines[1:], lines[0]]
        lines = [{n: (a if n in ours else b)[n] for n in a} for a, b in zip(lines, turned, strict=True)]
    write_rows(errors, lines)
    before = job.names, job.counts
    ended = job("run", errors)
    assert ended.code == 2, ended.err
    assert "stopped:" in ended.err and "→" in ended.err
    assert (job.names, job.counts) == before


def test_flags_that_do_not_fit_the_run_are_refused(inside: Inside, sandbox: Any, tmp_path: Path) -> None:
    """An error file goes where its run went; another target or the sandbox is a mistake, and said."""
    job = Job(inside, sandbox, tmp_path, "piriod", small())
    job.run()
    errors = tmp_path / "run" / "errors.csv"
    for flags in (["--to", "dayzero"], ["--sandbox"], ["--match", "email"]):
        ended = job.shell("run", errors, *flags, "--yes", "--base-url", job.running.base_url, secrets=True)
        assert ended.code == 2, ended.err
    assert len(job.names) == 4
    assert job("run", errors, "--to", "piriod").code == 1  # the same target, said once more, is none


def test_rows_that_are_in_meanwhile_are_not_sent_again(inside: Inside, sandbox: Any, tmp_path: Path) -> None:
    """A stopped push leaves rows for the error file; pushed meanwhile, they are in, whatever the file says of them."""
    job = Job(inside, sandbox, tmp_path, "dayzero", small(12))
    assert job.run("--canary", "3").counts == {"created": 3, "not_attempted": 7, "invalid": 2}
    kept = tmp_path / "kept.csv"
    shutil.copy(tmp_path / "run" / "errors.csv", kept)
    assert job("push", "run").counts == {"created": 10, "invalid": 2}
    correct_csv(
        kept, with_changes({3: {"Correo": "uno@x.example"}, 4: {"Correo": "dos@x.example"}, 9: {"Nombre": "Otra"}})
    )
    ended = job.shell("run", kept, "--out", "run", *job.where[:-1], secrets=True)
    assert ended.code == 0, ended.err
    assert "7 rows of the file are in already" in ended.err and "row 9" in ended.err
    assert len(job.names) == 12 == len(set(job.names)) and "Otra" not in job.names


def test_what_a_spreadsheet_program_did_to_a_cell_is_undone(inside: Inside, sandbox: Any, tmp_path: Path) -> None:
    """Numbers for texts, lost zeros and plus signs, dates, exponents: restored and said, where nobody edited."""
    rows = people(4, start=76_200_000)
    codes = ["0012345", "12345678901234567890", "3-4", "1.0"]
    for row, code in zip(rows, codes, strict=True):
        row.update({"Código": code, "Correo": "mal", "Teléfono": "+56951234567"})
    job = Job(inside, sandbox, tmp_path, "piriod", rows)
    job.run("--map", "Código=reference")
    errors = tmp_path / "run" / "errors.csv"
    lines = read_csv(errors)
    for at, (line, code) in enumerate(zip(lines, ["12345", "1.23456789012346E+19", "03-abr", "1"], strict=True)):
        line.update({"Código": code, "Correo": f"bien{at}@x.example", "Teléfono": "56951234567"})
    write_rows(errors, lines)
    ended = job("run", errors)
    assert ended.code == 0, ended.err
    assert [r["Código"] for r in ended.results] == codes
    assert "Código (restored): 12345 -> 0012345" in ended.results[0]["_changes"]
    there = job.running.customers("piriod")
    assert sorted(c["reference"] for c in there) == sorted(codes)
    assert {c["phone"] for c in there} == {"+56951234567"}


@pytest.mark.parametrize("way", ["sheet", "mapping", "default"])
def test_a_cause_is_corrected_once(way: str, inside: Inside, sandbox: Any, tmp_path: Path) -> None:
    """`Chiile` in many rows: said once in the sheet of causes or a mapping file, it holds for all, and for next time."""
    rows = people(30, start=76_200_000)
    for row in rows[3:]:
        row["País"] = "" if way == "default" else "Chiile"
    job = Job(inside, sandbox, tmp_path, "piriod", rows)
    assert job.run().counts == {"created": 3, "invalid": 27}
    errors = tmp_path / "run" / "errors.xlsx"
    if way == "mapping":
        (tmp_path / "fix.toml").write_text('[values.country]\n"Chiile" = "CL"\n', encoding="utf-8")
        ended = job("run", errors, "--mapping", "fix.toml")
    elif way == "default":
        ended = job("run", errors, "--default", "country=CL")
    else:
        book = openpyxl.load_workbook(errors)
        front = next(
            s for s in book.worksheets if any("replacement" in [c.value for c in line] for line in s.iter_rows())
        )
        lines = list(front.iter_rows())
        names = next([c.value for c in line] for line in lines if "replacement" in [c.value for c in line])
        at = {name: n for n, name in enumerate(names)}
        hit = [line for line in lines if line[at["value"]].value == "Chiile" and line[at["field"]].value == "country"]
        assert len(hit) == 1
        hit[0][at["replacement"]].value = "Chile"
        book.save(errors)
        ended = job("run", errors)
    assert (ended.code, ended.counts) == (0, {"created": 30}), ended.err
    assert len(job.names) == 30
    assert ended.results[5]["País"] == rows[5]["País"]
    kept = tmp_path / "run" / "mapping.toml"
    more = people(4, start=76_900_000)
    more[0]["País"] = rows[5]["País"]
    write_csv(tmp_path / "next.csv", more)
    after = job.shell(
        "run", "next.csv", "--to", "piriod", "--mapping", kept, "--out", "next", *job.where, secrets=True, folder="next"
    )
    assert (after.code, after.counts) == (0, {"created": 4}), after.err


def test_two_corrections_cannot_become_one_customer_twice(inside: Inside, sandbox: Any, tmp_path: Path) -> None:
    """A corrected row that turns out to be a customer of the same run: skipped if that is in, a conflict if it may go in."""
    rows = people(8, start=76_200_000)
    rows[1]["RUT"] = rows[2]["RUT"] = "76.086.428-9"
    job = Job(inside, sandbox, tmp_path, "piriod", rows, duplicate="allow")
    first = job("run", "list.csv", "--to", "piriod", "--out", "run", "--canary", "2")
    assert first.counts == {"created": 2, "not_attempted": 4, "invalid": 2}
    kept = [line for line in read_csv(tmp_path / "run" / "errors.csv") if line["_row"] in ("3", "4")]
    kept[0]["RUT"], kept[1]["RUT"] = rows[0]["RUT"], rows[7]["RUT"]
    write_rows(tmp_path / "run" / "errors.csv", kept)
    ended = job("run", tmp_path / "run" / "errors.csv")
    assert ended.counts == {"created": 6, "skipped": 1, "invalid": 1}, ended.err
    assert ended.results[1]["_status"] == "skipped" and ended.results[2]["_error_codes"] == "duplicate.conflict"
    assert len(job.names) == 6


@pytest.mark.parametrize("target", TARGETS)
def test_a_refused_row_and_its_copies_go_in_once(target: str, inside: Inside, sandbox: Any, tmp_path: Path) -> None:
    """A row corrected while its identical copy is left alone: one of both is in, even if everything is tried again."""
    rows = people(3, start=76_200_000)
    rows[0]["RUT"] = "" if target == "piriod" else rows[0]["RUT"]
    rows[0]["Notas"] = "n" * 1800
    rows.append(rows[0])
    for row in rows[1:3]:
        row["Notas"] = ""
    job = Job(inside, sandbox, tmp_path, target, rows)
    first = job.run("--map", "Notas=notes" if target == "dayzero" else "Notas=")
    assert first.counts == {"created": 2, "rejected": 2}, first.err
    errors = tmp_path / "run" / "errors.csv"
    correct_csv(errors, lambda lines: [lines[0] | {"RUT": rut(76_500_001), "Notas": ""}])
    assert job("run", errors).counts["created"] == 3
    job("push", "run", "--retry", "all")
    assert len(job.names) == 3


def test_several_sources_keep_their_rows_apart(inside: Inside, sandbox: Any, tmp_path: Path) -> None:
    """Row 3 of one source is not row 3 of the other; both are corrected in one error file."""
    rows = small()
    write_csv(tmp_path / "more.csv", [r | {"Correo": "mal" if n == 1 else f"b{n}@x.example"} for n, r in
                                      enumerate(people(4, start=76_700_000))])  # fmt: skip
    job = Job(inside, sandbox, tmp_path, "piriod", rows)
    first = job("run", "list.csv", "more.csv", "--to", "piriod", "--out", "run")
    assert first.counts == {"created": 7, "invalid": 3}, first.err
    errors = tmp_path / "run" / "errors.xlsx"

    def change(lines: list[Row]) -> list[Row]:
        return [line | {"Correo": f"{line['_source'][:4]}{line['_row']}@x.example"} for line in lines]

    correct_xlsx(errors, change)
    ended = job("run", errors)
    assert (ended.code, ended.counts) == (0, {"created": 10}), ended.err
    emails = {c["email"] for c in job.running.customers("piriod")}
    assert {"list3@x.example", "list4@x.example", "more3@x.example"} <= emails


def test_the_embedded_sandbox_needs_no_flag_the_second_time(shell: Shell, tmp_path: Path) -> None:
    """The error file of a run with --sandbox goes back to that sandbox, with nothing else to type."""
    write_csv(tmp_path / "list.csv", small())
    assert shell("run", "list.csv", "--to", "piriod", "--sandbox", "--out", "run", "--quiet").code == 1
    errors = tmp_path / "run" / "errors.xlsx"
    correct_xlsx(errors, with_changes({3: {"Correo": "uno@x.example"}, 4: {"Correo": "dos@x.example"}}))
    ended = shell("run", errors, "--json")
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["counts"]["created"] == 6


def test_corrections_are_checked_and_started_without_a_file(inside: Inside, sandbox: Any, tmp_path: Path) -> None:
    """What a page in the browser needs: the rows that are not in, a verdict on changes that keeps nothing, and the round."""
    rows = small()
    rows[3]["País"] = "Chiile"
    job = Job(inside, sandbox, tmp_path, "piriod", rows)
    job.run()
    folder, quiet = RunFolder(tmp_path / "run"), Silent()
    wrong = pl.concat(rounds.corrections(folder))
    assert wrong["row"].to_list() == [3, 4, 5] and wrong["issues"].list.len().min() > 0
    email = list(rows[0]).index("Correo")
    changes = {wrong["origin"][0]: {email: "uno@x.example"}, wrong["origin"][1]: {email: "mal"}}
    once = [rounds.Replacement("country", "Chiile", "CL", "country.unknown", "País")]
    checked = rounds.check(folder, rounds.edited(folder, changes, once), progress=quiet)
    assert checked.counts == {"ready": 2, "invalid": 1}
    assert not list((tmp_path / "run").glob("round-*")) and job.counts == {"created": 3, "invalid": 3}
    with pytest.raises(Misuse):
        rounds.edited(folder, {0: {email: "x"}})
    prepared = rounds.start(folder, rounds.edited(folder, changes, once), None, quiet)
    assert prepared.counts == {"ready": 2, "invalid": 1}
    assert job("push", "run").counts == {"created": 5, "invalid": 1}


def test_an_untouched_error_file_changes_nothing_for_good(inside: Inside, sandbox: Any, tmp_path: Path) -> None:
    """Run again as it is: the rows are as they were, and the file that comes back holds the same texts."""
    job = Job(inside, sandbox, tmp_path, "piriod", faulty("piriod"))
    first = job.run()
    before = [
        {n: v for n, v in r.items() if n not in ("_attempts", "_run")}
        for r in read_csv(tmp_path / "run" / "errors.csv")
    ]
    ended = job("run", tmp_path / "run" / "errors.csv")
    assert ended.counts == first.counts, ended.err
    after = [
        {n: v for n, v in r.items() if n not in ("_attempts", "_run")}
        for r in read_csv(tmp_path / "run" / "errors.csv")
    ]
    ours = ("_key", "_changes")
    assert [{n: v for n, v in r.items() if n not in ours} for r in after] == [
        {n: v for n, v in r.items() if n not in ours} for r in before
    ]
    assert sheet_of_rows(openpyxl.load_workbook(tmp_path / "run" / "errors.xlsx")).max_row == len(after) + 1
