"""The README tells the truth: what it shows is what comes out, and every command and flag is in it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

from pipeline.cli import COMMANDS

README = (ROOT / "README.md").read_text(encoding="utf-8")
CODE = r"^\| `([a-z_]+\.[a-z_]+)` \| (?:error|warning) \|"
SHOWN = re.findall(r"```console\n(.*?)```", README, re.DOTALL)


def commands(block: str) -> list[tuple[str, str]]:
    """The commands of a block (behind `$ `, continued by a backslash) and what is shown below each."""
    found: list[list[str]] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append([line[2:], ""])
        elif found and not found[-1][1] and found[-1][0].endswith("\\"):
            found[-1][0] = found[-1][0][:-1] + line.strip()
        else:
            found[-1][1] += line + "\n"
    return [(command, output) for command, output in found]


def plain(text: str) -> str:
    """Output without what differs from run to run: times and ports."""
    text = re.sub(r"\d{8}T\d{6}Z(-\d+)?", "TIME", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", "DATE", text)
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "DATE", text)
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text)
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def test_every_shown_output_is_what_comes_out(tmp_path: Path) -> None:
    """All `console` blocks, in order, in one folder that has the samples: the same text, `...` standing for anything."""
    shutil.copytree(ROOT / "samples", tmp_path / "samples")
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    (bin_ / "customer-import").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pipeline "$@"\n')
    (bin_ / "customer-import").chmod(0o755)
    env = {n: v for n, v in os.environ.items() if not n.startswith(("PIRIOD_", "DAYZERO_", "CUSTOMER_IMPORT_"))}
    env |= {
        "PATH": f"{bin_}:{env['PATH']}",
        "HOME": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path / "c"),
        "COLUMNS": "100",
    }
    assert SHOWN
    for command, expected in (pair for block in SHOWN for pair in commands(block)):
        ended = subprocess.run(["sh", "-c", command], cwd=tmp_path, env=env, stdin=subprocess.DEVNULL, timeout=120,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)  # fmt: skip
        pattern = re.escape(plain(expected)).replace(r"\.\.\.", "(?s:.*?)")
        assert re.fullmatch(pattern, plain(ended.stdout)), f"$ {command}\n{plain(ended.stdout)}"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_flag_is_in_the_readme(name: str) -> None:
    """A command has help, and the README names it and each of its flags (the sandbox's knobs are in its own help)."""
    from importlib import import_module

    command = import_module(f"pipeline.cli.{name}").command
    assert command.help and f"customer-import {name}" in README
    if name != "sandbox":
        for parameter in command.params:
            for flag in parameter.opts:
                assert not flag.startswith("--") or flag in README, flag


def test_every_code_of_the_catalogue_is_in_the_readme() -> None:
    """The list of codes in the README is the catalogue's."""
    from pipeline.issues import catalogue

    assert set(re.findall(CODE, README, re.MULTILINE)) == set(catalogue())


def test_every_picture_and_every_heading_that_is_linked_is_there() -> None:
    """Links inside the README lead somewhere: a file of the repository, or one of its own headings."""
    headings = re.findall(r"^#+ (.+)$", README, re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    for link in re.findall(r"\]\(([^)\s]+)\)", README):
        if link.startswith("#"):
            assert link[1:] in anchors, link
        elif not link.startswith("https://"):
            assert (ROOT / link).is_file(), link
