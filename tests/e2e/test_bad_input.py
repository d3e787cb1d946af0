"""Wrong use and bad input: a clear message with what to do, the right exit code, nothing sent, nothing left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, Shell, people, write_csv


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    return write_csv(tmp_path / "list.csv", people(4))


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["run", "nope.csv", "--to", "piriod", "--sandbox"], 3, ["nope.csv", "does not exist"]),
        (["run", "empty.csv", "--to", "piriod", "--sandbox"], 3, ["empty"]),
        (["run", "header.csv", "--to", "piriod", "--sandbox"], 3, ["header.csv"]),
        (["run", ".", "--to", "piriod", "--sandbox"], 3, []),
        (["run", "list.csv", "--to", "pirod", "--sandbox"], 2, ["pirod", "piriod"]),
        (["run", "list.csv", "--to", "piriod", "--sandbox", "--map", "Nonbre=name"], 2, ["Nonbre"]),
        (["run", "list.csv", "--to", "piriod", "--sandbox", "--map", "Nombre=nome"], 2, ["nome", "name"]),
        (["run", "list.csv", "--to", "piriod", "--sandbox", "--set", "contry=CL"], 2, ["contry", "country"]),
        (["run", "list.csv", "--to", "piriod", "--sandbox", "--set", "country"], 2, ["--set"]),
        (["run", "list.csv", "--to", "piriod", "--sandbox", "--rate", "fast"], 2, ["--rate"]),
        (["run", "list.csv", "--to", "piriod", "--sandbox", "--match", "x"], 2, ["--match"]),
        (["run", "list.csv", "--to", "piriod", "--sandbox", "--max-errors", "x"], 2, ["--max-errors"]),
        (["run", "list.csv", "--to", "piriod", "--sandbox", "--mapping", "no.toml"], 2, ["no.toml"]),
        (["run", "list.csv", "--to", "dayzero", "--test-mode", "--sandbox"], 2, ["test mode"]),
        (["run", "list.csv", "--to", "piriod", "--offline"], 2, ["--dry-run"]),
        (["run", "list.csv", "--to", "piriod"], 2, ["PIRIOD_API_TOKEN", "PIRIOD_WORKSPACE", "--sandbox"]),
        (["run", "list.csv", "--to", "piriod", "--base-url", "http://api.example.com"], 2, ["clear text"]),
        (["run", "list.csv", "--to", "piriod", "--map", "Dirección=", "--sandbox"], 2, ["address", "--map"]),
        (["run", "list.csv", "--to", "piriod", "--sandbox", "--out", "full"], 2, ["not empty"]),
        (["push", "nowhere"], 2, ["nowhere"]),
        (["push", "latest"], 2, ["runs/"]),
        (["rum"], 2, ["run"]),
        (["run", "list.csv", "--to", "piriod", "--frobnicate"], 2, ["--frobnicate"]),
        (["template", "piriod", "-o", "list.csv"], 2, ["exists"]),
        (["inspect", "list.csv", "--save", "list.csv"], 2, ["exists"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_the_right_exit_code(
    args: list[str], code: int, said: list[str], shell: Shell, listed: Path
) -> None:
    """One message, no traceback, no run folder left."""
    (listed.parent / "empty.csv").touch()
    (listed.parent / "header.csv").write_text("Nombre,RUT\n")
    (listed.parent / "full").mkdir()
    (listed.parent / "full" / "x").touch()
    ended = shell(*args)
    assert ended.code == code, ended.out + ended.err
    assert "Traceback" not in ended.err and all(word in ended.err for word in said), ended.err
    assert not [p for p in (listed.parent / "runs").glob("*/*") if p.name == "plan.json"]
    assert sorted(p.name for p in (listed.parent / "full").iterdir()) == ["x"]


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or (os.geteuid() == 0 and not Path("/proc/mounts").exists()),
    reason="needs a read-only place",
)
def test_a_read_only_folder_is_said(shell: Shell, listed: Path) -> None:
    """No run folder can be made: exit 2 and the way out."""
    place = "/proc/run" if os.geteuid() == 0 else str(listed.parent / "ro" / "run")
    if os.geteuid() != 0:
        (listed.parent / "ro").mkdir(mode=0o500)
    ended = shell("run", "list.csv", "--to", "piriod", "--dry-run", "--offline", "--out", place)
    assert ended.code == 2 and "cannot write" in ended.err and "--out" in ended.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_said(shell: Shell, tmp_path: Path) -> None:
    """A limit on the size of files stands in for the full disk: a message, not a traceback."""
    write_csv(tmp_path / "list.csv", people(2000))
    program = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000)); from pipeline.cli import call;"
        "sys.exit(call(['run', 'list.csv', '--to', 'piriod', '--dry-run', '--offline', '--out', 'run']))"
    )
    ended = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=shell.env, text=True, check=False,
                           capture_output=True, timeout=120)  # fmt: skip
    assert ended.returncode == 2, ended.stderr
    assert "cannot write" in ended.stderr and "Traceback" not in ended.stderr
    assert not (tmp_path / "run").exists()


def test_an_ambiguous_amount_stops_and_the_flag_settles_it(shell: Shell, tmp_path: Path) -> None:
    """`1.000` alone can be one or a thousand: exit 3 names the flag; with it the amount is exact."""
    rows = [r | {"Límite de crédito": "1.000"} for r in people(2)]
    write_csv(tmp_path / "list.csv", rows)
    args = ("run", "list.csv", "--to", "dayzero", "--dry-run", "--offline", "--quiet")
    stopped = shell(*args)
    assert stopped.code == 3 and "--decimal" in stopped.err and "1.000" in stopped.err
    assert shell(*args, "--decimal", ",", "--out", "comma").counts == {"ready": 2}


def test_offline_says_what_could_not_be_checked(shell: Shell, listed: Path) -> None:
    """A dry run without requests is ready with the caveats in its files."""
    ended = shell("run", "list.csv", "--to", "piriod", "--dry-run", "--offline", "--quiet")
    assert ended.code == 0 and ended.counts == {"ready": 4}
    assert any("already at the target" in line for line in ended.summary["unchecked"])
    assert all("not looked up" in r["_warnings"] for r in ended.results)


def test_an_offline_plan_is_completed_before_it_is_pushed(shell: Shell, sandbox, listed: Path) -> None:  # type: ignore[no-untyped-def]
    """What the plan could not look up, states included, is looked up before anything is sent."""
    running = sandbox()
    shell("run", "list.csv", "--to", "piriod", "--dry-run", "--offline", "--out", "run", "--quiet",
          "--base-url", running.base_url, secrets=True)  # fmt: skip
    ended = shell(
        "push",
        "run",
        "--base-url",
        running.base_url,
        "--yes",
        "--quiet",
        secrets=True,
        CUSTOMER_IMPORT_BASE_URL=running.base_url,
    )
    assert ended.code in (0, 2), ended.err
    if ended.code == 0:
        there = running.customers("piriod")
        assert len(there) == 4 and all("Metropolitana" in c["state"]["name"] for c in there)


def test_a_live_push_needs_an_answer(shell: Shell, sandbox, listed: Path) -> None:  # type: ignore[no-untyped-def]
    """Without a terminal and without --yes nothing is sent; the plan is kept, with the forecast shown."""
    running = sandbox()
    ended = shell("run", "list.csv", "--to", "piriod", "--base-url", running.base_url, secrets=True)
    assert ended.code == 2 and "--yes" in ended.err and "4 customers to create" in ended.err and "LIVE" in ended.err
    assert running.customers("piriod") == []


@pytest.mark.parametrize(
    "path",
    sorted(p for p in (ROOT / "samples").iterdir() if p.name.startswith(("piriod-", "dayzero-"))),
    ids=lambda p: p.name,
)
def test_the_samples_import(path: Path, shell: Shell) -> None:
    """Each sample goes in as it is; its planted mistakes are reported, and no more."""
    target = "dayzero" if "dayzero" in path.name else "piriod"
    ended = shell("run", path, "--to", target, "--sandbox", "--quiet")
    assert ended.code == 1 and ended.counts["created"] > ended.counts["invalid"], ended.out + ended.err
    again = shell("run", path, "--to", target, "--sandbox", "--quiet", "--out", "again")
    assert "created" not in again.counts


def test_the_result_file_of_a_run_can_be_imported(shell: Shell) -> None:
    """A corrected errors.csv goes in as it is: our helper columns are not the user's."""
    first = shell(
        "run", ROOT / "samples" / "piriod-clientes.xlsx", "--to", "piriod", "--sandbox", "--quiet", "--out", "one"
    )
    text = (first.folder / "errors.csv").read_text(encoding="utf-8-sig")
    assert ",libros@tintafina," in text
    (shell.home / "fixed.csv").write_text(
        text.replace(",libros@tintafina,", ",libros@tintafina.example,"), encoding="utf-8-sig"
    )
    created = first.counts["created"]
    second = shell("run", "fixed.csv", "--quiet")
    assert first.counts["created"] == created + 1, second.err
    assert not any(name.startswith("_") and "original" in name for name in first.results[0])


def test_several_sources_become_one_run(shell: Shell, sandbox, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """Files with other columns in another order: each row says where it came from, columns of one name come together."""
    one, two = people(3), [{"Extra": "x", **row} for row in people(2, start=77_000_000)]
    write_csv(tmp_path / "a.csv", one)
    write_csv(tmp_path / "b.csv", two, delimiter=";")
    running = sandbox()
    ended = shell(
        "run", "a.csv", "b.csv", "--to", "piriod", "--base-url", running.base_url, "--yes", "--quiet", secrets=True
    )
    assert ended.counts == {"created": 5}, ended.err
    assert (
        next(iter(ended.results[0])) == "_source"
        and [r["_source"] for r in ended.results] == ["a.csv"] * 3 + ["b.csv"] * 2
    )
    assert [r["Nombre"] for r in ended.results] == [r["Nombre"] for r in one + two]
    assert [r["Extra"] for r in ended.results] == ["", "", "", "x", "x"]


def test_only_the_first_rows_are_read_when_asked(shell: Shell, listed: Path) -> None:
    """`--limit` reads so many data rows, and accounts for them."""
    ended = shell("run", "list.csv", "--to", "piriod", "--dry-run", "--offline", "--limit", "2", "--quiet")
    assert ended.counts == {"ready": 2}
