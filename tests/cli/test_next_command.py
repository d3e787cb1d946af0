"""Whatever goes wrong, the last line says what to type: a command that can be pasted, and that is no mistake itself."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from conftest import Shell, people, write_csv

from pipeline import cli
from pipeline.cli import retyped

PLAN = ("--to", "piriod", "--dry-run", "--offline")
RUN = "list.csv"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a list, a planned run (its plan.json alone), a forgotten one, and much that is broken; no secrets."""
    monkeypatch.chdir(tmp_path)
    for name in (
        "PIRIOD_API_TOKEN",
        "PIRIOD_WORKSPACE",
        "DAYZERO_API_TOKEN",
        "DAYZERO_BUSINESS_ID",
        "CUSTOMER_IMPORT_PROFILE",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    write_csv(tmp_path / "list.csv", people(2))
    write_csv(tmp_path / "mi lista.csv", people(2))
    write_csv(tmp_path / "mi lista 2026-10.csv", people(2))
    for name, content in (
        ("planned", {"base_url": "https://api.piriod.com"}),
        ("forgotten", {"forgotten": "2026-01-01"}),
    ):
        folder = tmp_path / "runs" / name
        folder.mkdir(parents=True)
        (folder / "plan.json").write_text(json.dumps(content))
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "plan.json").write_text("{")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("x")
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "torn.xlsx").write_bytes(b"PK\x03\x04torn")
    (tmp_path / "xy.csv").write_text("x,y\n1,2\n")
    (tmp_path / "bad.toml").write_text("[columns")
    (tmp_path / "t.csv").write_text("mine")
    return tmp_path


FAILURES = {
    ("run", "absent.csv", *PLAN): "run absent.csv --to piriod --dry-run --offline",
    ("run", "mi lsta.csv", *PLAN): "run 'mi lista.csv' --to piriod --dry-run --offline",
    ("run", "full", *PLAN): "run full --to piriod --dry-run --offline",
    ("run", "empty.csv", *PLAN): "run empty.csv --to piriod --dry-run --offline",
    ("run", "torn.xlsx", *PLAN): "run torn.xlsx --to piriod --dry-run --offline",
    ("run", "xy.csv", *PLAN): "inspect xy.csv --to piriod",
    ("run", RUN): "run list.csv --to piriod",
    ("run", RUN, "--to", "sap"): "run list.csv --to piriod",
    ("run", "mi lista 2026-11.csv", *PLAN): "run 'mi lista 2026-11.csv' --to piriod --dry-run --offline",
    ("run", RUN, "--to", "pirod"): "run list.csv --to piriod",
    ("run", RUN, "--to", "piriod"): "login piriod",
    ("run", RUN, "--to", "piriod", "--offline"): "run list.csv --to piriod --offline --dry-run",
    ("run", RUN, *PLAN, "--sandbox"): "run list.csv --to piriod --dry-run --offline",
    ("run", RUN, *PLAN, "--out", "full"): "run list.csv --to piriod --dry-run --offline --out full-2",
    ("run", RUN, *PLAN, "--mapping", "bad.toml"): "run list.csv --to piriod --dry-run --offline --mapping bad.toml",
    ("run", RUN, *PLAN, "--mapping", "no.toml"): "run list.csv --to piriod --dry-run --offline --mapping no.toml",
    ("run", RUN, *PLAN, "--states", "no.json"): "run list.csv --to piriod --dry-run --offline --states no.json",
    ("run", RUN, *PLAN, "--map", "Correo"): "run list.csv --to piriod --dry-run --offline --map 'SOURCE HEADER=field'",
    ("run", RUN, *PLAN, "--set", "country"): "run list.csv --to piriod --dry-run --offline --set FIELD=VALUE",
    ("run", RUN, *PLAN, "--encoding", "utf99"): "run list.csv --to piriod --dry-run --offline --encoding cp1252",
    ("run", RUN, *PLAN, "--preset", "xro"): "run list.csv --to piriod --dry-run --offline --preset xero",
    ("run", RUN, *PLAN, "--profile", "acme"): "run list.csv --to piriod --dry-run --offline --profile acme",
    ("run", RUN, *PLAN, "--account-country", "CHL"): "run list.csv --to piriod --dry-run --offline --account-country CL",
    ("run", RUN, *PLAN, "--rate", "fast"): "run list.csv --to piriod --dry-run --offline --rate 10/s",
    ("run", RUN, *PLAN, "--max-errors", "many"): "run list.csv --to piriod --dry-run --offline --max-errors 5%",
    ("run", RUN, *PLAN, "--limit", "0"): "run --help",
    ("run", RUN, *PLAN, "--no-such-flag"): "run --help",
    ("run", RUN, *PLAN, "--quiet", "-v"): "run list.csv --to piriod --dry-run --offline --quiet",
    ("run", RUN, "--to", "dayzero", "--test-mode", "--dry-run"): "run list.csv --to dayzero --dry-run",
    ("run", RUN, "--to", "piriod", "--base-url", "http://example.com"): "run list.csv --to piriod --base-url https://example.com",
    ("pusch", "latest"): "--help",
    ("push", "planed"): "status runs/planned",
    ("status", "planed"): "status runs/planned",
    ("push", "nowhere"): "status latest",
    ("push", "broken"): "run FILE --to TARGET",
    ("push", "runs/forgotten"): "status runs/forgotten",
    ("undo", "nowhere"): "status latest",
    ("forget", "nowhere", "--yes"): "status latest",
    ("template", "dayzro"): "template dayzero",
    ("template", "piriod", "-o", "t.csv"): "template piriod -o t-2.csv",
    ("template", "piriod", "-o", "t.pdf"): "template piriod -o t.xlsx",
    ("targets", "--check"): "targets piriod --check",
    ("targets", "piriod", "--check"): "login piriod",
    ("inspect", "absent.csv"): "inspect absent.csv",
    ("schema", "nothing"): "schema --help",
    ("completion", "csh"): "completion --help",
}  # fmt: skip


@pytest.mark.parametrize("words", FAILURES, ids=lambda words: " ".join(words))
def test_the_last_line_is_a_command(words: tuple[str, ...], here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And the very one that should follow; its exit code says that nothing was sent, or done."""
    code = cli.call(list(words))
    said = capsys.readouterr()
    assert code in (2, 3) and said.out == "", said
    last = said.err.rstrip().splitlines()[-1]
    found = re.search(r"customer-import (.*)$", last)
    assert found and found[1] == FAILURES[words], said.err
    assert "Traceback" not in said.err and said.err.count("stopped: ") == 1


@pytest.mark.parametrize(
    "words",
    [
        w
        for w, further in FAILURES.items()
        if shlex.split(further) != list(w) and "FIELD" not in further and "SOURCE" not in further
    ],
    ids=" ".join,
)
def test_what_is_proposed_is_not_corrected_again(words: tuple[str, ...], here: Path) -> None:
    """A correction of a correction would mean that the first one was a mistake."""
    proposed = shlex.split(FAILURES[words])
    assert retyped.meant(proposed) == proposed or proposed[0] not in ("run", "push", "inspect") or "FILE" in proposed


def test_no_correction_changes_which_data_go_where(here: Path) -> None:
    """A list is not replaced by another one, nor a profile, mapping or run left out, however little the words fit."""
    for words in (
        [
            "run",
            "lost.csv",
            "--to",
            "piriod",
            "--profile",
            "acme",
            "--mapping",
            "m.toml",
            "--set",
            "country=CL",
            "--offline",
        ],
        ["run", "x.csv", "--to", "dayzero", "--on-existing", "update", "--match", "email", "--offline"],
    ):
        assert retyped.meant(words) == [*words, "--dry-run"]
    assert retyped.meant(["undo", "elsewhere"])[0] == "status"


def test_each_reading_is_a_command_that_settles_it(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file with two readings: the same command once for each, and each of them works."""
    rows = [
        {**row, "Límite de crédito": text} for row, text in zip(people(3), ("1.234", "5.678", "9.012"), strict=True)
    ]
    write_csv(here / "credit.csv", rows)
    words = ["run", "credit.csv", "--to", "dayzero", "--dry-run", "--offline", "--quiet"]
    assert cli.call(words) == 3
    proposed = re.findall(r"customer-import (.*)", capsys.readouterr().err)
    assert [shlex.split(one)[-2:] for one in proposed] == [["--decimal", ","], ["--decimal", "."]]
    for number, one in enumerate(proposed):
        assert cli.call([*shlex.split(one), "--out", f"r{number}"]) in (0, 1)
        assert not capsys.readouterr().err


def test_a_target_is_never_chosen_for_anybody(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where it is not said which one, there is a command for each."""
    for words in (["run", RUN], ["run", RUN, "--to", "sap"]):
        assert cli.call(words) == 2
        said = re.findall(r"customer-import (.*)", capsys.readouterr().err)
        assert said == ["run list.csv --to dayzero", "run list.csv --to piriod"]


def test_a_bug_says_what_to_attach(shell: Shell) -> None:
    """A broken promise of ours ends with the command that writes what can be attached to a report."""
    ended = shell("run", "list.csv", "--to", "piriod", "--dry-run", PYTHONPATH=str(_broken(shell.home)))
    assert ended.code == 70 and "Traceback" in ended.err
    assert ended.err.rstrip().endswith("customer-import bundle latest")


def _broken(home: Path) -> Path:
    """A folder whose `polars` is none, as a broken installation may have it."""
    folder = home / "broken"
    folder.mkdir()
    (folder / "polars.py").write_text("raise RuntimeError('no polars today')\n")
    return folder


@pytest.mark.parametrize("words", [[], ["--lang", "en"], ["--lang", "es"]])
def test_the_program_alone_shows_what_to_try_first(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The help, in the language that was asked for, and at its end the first commands; exit 2, as nothing was asked for."""
    assert cli.call(words) == 2
    said = capsys.readouterr().out
    assert said.startswith(
        "Uso: customer-import [OPCIONES] COMANDO" if "es" in words else "Usage: customer-import [OPT"
    )
    assert said.rstrip().splitlines()[-1].strip() == "customer-import run clientes.xlsx --to piriod --sandbox"
    assert all(len(line) <= 80 for line in said.splitlines())


@pytest.mark.parametrize("name", list(cli.COMMANDS))
def test_help_is_in_groups_and_fits(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each flag in one group, an example to type, nothing wider than 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    cli.call([name, "--help"])
    said = capsys.readouterr().out
    assert all(len(line) <= 80 for line in said.splitlines())
    assert re.search(r"^ +(PIRIOD_.*)?(eval \"\$\()?customer-import ", said, re.MULTILINE), "an example"
    command = cli.group.get_command(None, name)  # type: ignore[arg-type]
    assert command is not None
    flags = [max(p.opts, key=len) for p in command.params if p.opts[0].startswith("-")]
    for flag in (*flags, "--help"):
        assert len(re.findall(rf"^  (?:-\w, )?{flag}\b(?!-)", said, re.MULTILINE)) == 1, flag


def test_a_target_that_the_configuration_knows_is_not_asked_for(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile, typed or in the environment, says where its customers go: no command with another target is proposed."""
    (here / "customer-import.toml").write_text('[profiles.norte]\nto = "dayzero"\n[profiles.other]\n', encoding="utf-8")
    typed = ["run", RUN, "--yes"]
    assert retyped.each([*typed, "--profile", "nrte"]) == [[*typed, "--profile", "norte"]]
    assert len(retyped.each([*typed, "--profile", "other"])) == len(retyped.each(typed)) == 2
    monkeypatch.setenv("CUSTOMER_IMPORT_PROFILE", "norte")
    assert retyped.each(typed) == [typed]
    monkeypatch.delenv("CUSTOMER_IMPORT_PROFILE")
    monkeypatch.setenv("CUSTOMER_IMPORT_TO", "piriod")
    assert retyped.each(typed) == [typed]
