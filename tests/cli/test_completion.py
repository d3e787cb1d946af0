"""The shell completes what is typed: the printed script is sourced by each shell that is there, and asked."""

from __future__ import annotations

import json
import os
import pty
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import Shell, people, write_csv

from pipeline import targets
from pipeline.cli import COMMANDS, complete
from pipeline.mapping.presets import presets


@pytest.fixture
def ready(shell: Shell) -> Shell:
    """A folder with a list, two runs, a profile, and the command on the path."""
    write_csv(shell.home / "clientes.csv", people(2))
    (shell.home / "customer-import.toml").write_text("[profiles.acme]\nto = 'piriod'\n[profiles.sur]\n")
    for name in ("uno", "dos"):
        folder = shell.home / "runs" / name
        folder.mkdir(parents=True)
        (folder / "plan.json").write_text("{}")
    bin_ = shell.home / "bin"
    bin_.mkdir()
    (bin_ / "customer-import").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pipeline "$@"\n')
    (bin_ / "customer-import").chmod(0o755)
    shell.env["PATH"] = f"{bin_}:{shell.env['PATH']}"
    return shell


def bash(shell: Shell, *words: str) -> list[str]:
    """What bash offers for the last word, after it has sourced the script."""
    code = (
        'eval "$(customer-import completion bash)"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); compopt() { echo "<$2>"; };'
        ' _customer_import_completion customer-import; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    told = subprocess.run(["bash", "-c", code, "bash", "customer-import", *words], cwd=shell.home, env=shell.env,
                          capture_output=True, text=True, check=True)  # fmt: skip
    assert told.stderr == ""
    return told.stdout.split()


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["pu"], ["push"]),
        (["run", "--dup"], ["--duplicates"]),
        (["run", "clientes.csv", "--to", ""], ["dayzero", "piriod"]),
        (["run", "--on-existing", "u"], ["update"]),
        (["run", "--preset", "xe"], ["xero"]),
        (["run", "--profile", ""], ["acme", "sur"]),
        (["run", "--to", "piriod", "--set", "cou"], ["country="]),
        (["run", "--to", "piriod", "--match", "tax_id,na"], ["tax_id,name"]),
        (["template", "d"], ["dayzero"]),
        (["run", "cli"], ["<default>"]),
        (["run", "--mapping", "m"], ["<default>"]),
        (["push", "otra/"], ["<dirnames>"]),
        (["completion", ""], ["bash", "zsh", "fish"]),
        (["run", "--to", "piriod", "--events", "x.jsonl", "--verb"], ["--verbose"]),
    ],
    ids=lambda words: " ".join(words),
)
def test_bash_offers(words: list[str], wanted: list[str], ready: Shell) -> None:
    """Commands, flags, targets, choices, presets, profiles, fields; `<default>` and `<dirnames>`: bash's own names of files."""
    assert bash(ready, *words) == wanted
    assert not (ready.home / "x.jsonl").exists(), "asking what can follow must do nothing"


def test_bash_offers_all_commands_and_runs(ready: Shell) -> None:
    """In their order: the runs newest first, behind `latest`."""
    assert bash(ready, "") == list(COMMANDS)
    os.utime(ready.home / "runs" / "uno" / "plan.json", (1, 1))
    assert bash(ready, "push", "") == ["latest", "runs/dos", "runs/uno"]


def test_what_cannot_be_completed_is_no_noise(ready: Shell) -> None:
    """A broken configuration says nothing between the words that one types."""
    (ready.home / "customer-import.toml").write_text("[[[")
    assert bash(ready, "run", "--profile", "a") == []


def test_the_names_are_those_that_there_are(ready: Shell) -> None:
    """The quick lists hold what the slow ones do."""
    assert complete.preset_names() == sorted(presets())
    assert bash(ready, "targets", "") == list(targets.names())


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
def test_fish_offers(ready: Shell) -> None:
    """With a description beside each command."""
    code = 'customer-import completion fish | source; complete -C "customer-import pu"; complete -C "customer-import push runs/d"'
    told = subprocess.run(
        ["fish", "-c", code], cwd=ready.home, env=ready.env, capture_output=True, text=True, check=True
    ).stdout
    assert told.splitlines()[0].startswith("push\texecute") and told.splitlines()[1:] == ["runs/dos"]


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
def test_zsh_completes(ready: Shell) -> None:
    """At a terminal, by the tabulator."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(["zsh", "-f", "-i"], cwd=ready.home, env={**ready.env, "TERM": "dumb", "PS1": "$ "}, stdin=theirs,
                               stdout=theirs, stderr=theirs, start_new_session=True)  # fmt: skip
    os.close(theirs)

    def typed(text: str, until: str) -> None:
        seen, end = b"", time.monotonic() + 60
        os.write(ours, text.encode())
        while until.encode() not in seen:
            assert time.monotonic() < end, seen
            if select.select([ours], [], [], 0.2)[0]:
                seen += os.read(ours, 65536)

    try:
        typed('autoload -U compinit; compinit -u -D; eval "$(customer-import completion zsh)"; echo rea""dy\n', "ready")
        typed("customer-import pu\t", "push")
        typed("runs/d\t", "runs/dos")
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def test_the_script_is_that_of_the_own_shell(ready: Shell) -> None:
    """Without a name $SHELL decides; a shell that is not known is said, with what to type."""
    assert "#compdef customer-import" in ready("completion", SHELL="/usr/bin/zsh").out
    ended = ready("completion", SHELL="/bin/csh")
    assert ended.code == 2 and ended.err.splitlines()[-1].endswith("customer-import completion bash")
    found = json.loads(ready("completion", "bash", "--json").out)
    assert found["shell"] == "bash" and "_customer_import_completion" in found["script"]


def test_nothing_heavy_is_loaded_to_complete_or_to_help(ready: Shell, tmp_path: Path) -> None:
    """Names and flags come without the libraries that read and send: a shell waits for them."""
    code = (
        "import sys; from pipeline import cli\n"
        "try: cli.call(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print(sorted({'polars', 'pydantic', 'httpx', 'openpyxl', 'phonenumbers'} & set(sys.modules)), file=sys.stderr)"
    )
    asked = {"_CUSTOMER_IMPORT_COMPLETE": "bash_complete", "COMP_WORDS": "customer-import run --", "COMP_CWORD": "2"}
    for words, env in (([], asked), (["run", "--help"], {}), (["push", "--help"], {}), (["--help"], {})):
        told = subprocess.run([sys.executable, "-c", code, *words], cwd=tmp_path, env={**ready.env, **env}, capture_output=True,
                              text=True, check=True)  # fmt: skip
        assert told.stderr.strip() == "[]" and "--" in told.stdout, words
