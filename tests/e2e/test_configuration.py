"""Configuration: what a file may say and what beats it, where secrets come from, scheduled jobs, and JSON for programs."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from conftest import SECRETS, Ended, Shell, people, write_csv

from pipeline import targets
from pipeline.cli import COMMANDS, call, configuration, environment, group, keychain, keys
from pipeline.documents import KINDS, Event
from pipeline.errors import Misuse

KEYRING = '''
import json, os, pathlib
from keyring.backend import KeyringBackend

class FileKeyring(KeyringBackend):
    """Keeps secrets in a file: for this test alone."""
    priority = 1
    path = pathlib.Path(os.environ["TEST_KEYRING"])
    def _all(self):
        return json.loads(self.path.read_text()) if self.path.exists() else {}
    def get_password(self, service, username):
        return self._all().get(f"{service}:{username}")
    def set_password(self, service, username, password):
        self.path.write_text(json.dumps({**self._all(), f"{service}:{username}": password}))
    def delete_password(self, service, username):
        left = self._all()
        del left[f"{service}:{username}"]
        self.path.write_text(json.dumps(left))
'''


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, with a home of its own and a list of customers."""
    for name in [n for n in os.environ if n.startswith(("PIRIOD_", "DAYZERO_", "CUSTOMER_IMPORT_"))]:
        monkeypatch.delenv(name)
    for name, folder in {"XDG_CONFIG_HOME": "config", "XDG_CACHE_HOME": "cache", "XDG_STATE_HOME": "state"}.items():
        monkeypatch.setenv(name, str(tmp_path / folder))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    monkeypatch.chdir(tmp_path)
    write_csv(tmp_path / "list.csv", people(3))
    return tmp_path


def project(text: str) -> None:
    Path(configuration.FILE).write_text(text, encoding="utf-8")


def user(text: str) -> None:
    path = configuration.paths()[1]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def planned(*argv: str) -> dict[str, Any]:
    """The plan.json of a dry run without requests."""
    out = f"out{len(list(Path().glob('out*')))}"
    code = call(["run", "list.csv", "--dry-run", "--offline", "--quiet", "--out", out, *argv])
    assert code == 0
    found: dict[str, Any] = json.loads(Path(out, "plan.json").read_text(encoding="utf-8"))
    return found


def test_a_flag_beats_the_environment_beats_the_project_beats_the_user(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each level is heard where those above it say nothing; a profile beats what stands outside of all profiles."""
    user('to = "piriod"\naccount-country = "PE"\n')
    assert planned()["options"]["account_country"] == "PE"
    project('account-country = "MX"\n[profiles.acme]\naccount_country = "CO"\n[profiles.acme.set]\ncurrency = "CLP"\n')
    assert planned()["options"]["account_country"] == "MX"
    assert planned("--profile", "acme")["options"]["account_country"] == "CO"
    monkeypatch.setenv("CUSTOMER_IMPORT_PROFILE", "acme")
    monkeypatch.setenv("CUSTOMER_IMPORT_ACCOUNT_COUNTRY", "AR")
    assert planned()["options"]["account_country"] == "AR"
    told = planned("--account-country", "CL", "--set", "manager=Ana")
    assert told["options"]["account_country"] == "CL"
    assert told["sources"][0]["constants"] == {"currency": "CLP", "manager": "Ana"}
    assert planned("--set", "currency=USD")["sources"][0]["constants"] == {"currency": "USD"}


def test_a_run_says_what_it_took_from_a_file(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing of a file is applied behind the user's back: each file and its keys are named, but those that were typed."""
    user('rate = "5/s"\n')
    project('[profiles.acme]\naccount-country = "CL"\nblank = "clear"\n[profiles.acme.set]\nmanager = "Ana"\n')
    call(
        [
            "run",
            "list.csv",
            "--to",
            "piriod",
            "--dry-run",
            "--offline",
            "--out",
            "o",
            "--profile",
            "acme",
            "--blank",
            "keep",
        ]
    )
    said = capsys.readouterr().err.splitlines()
    assert f"{configuration.FILE} (profile acme): account-country, set" in said
    assert f"{configuration.paths()[1]} (profile acme): rate" in said


def test_paths_in_a_file_are_meant_from_where_the_file_is(here: Path) -> None:
    """A user's profile names its mapping beside itself, wherever one works."""
    user('[profiles.acme]\nto = "piriod"\nmapping = "acme.toml"\n')
    configuration.paths()[1].with_name("acme.toml").write_text('[set]\nmanager = "Ana"\n', encoding="utf-8")
    assert planned("--profile", "acme")["sources"][0]["constants"] == {"manager": "Ana"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("acount-country = 'CL'", "account-country"),
        ("[profiles.acme]\nconcurency = 2", "profiles.acme.concurency"),
        ("base-url = 'https://evil.example'", "base-url is not read"),
        ("[profiles.acme]\nbase_url = 'https://evil.example'", "base_url is not read"),
        ("yes = true", "yes is not read"),
        ("PIRIOD_API_TOKEN = 'tok-S3CRET'", "login"),
        ("[profiles.acme]\ntoken = 'tok-S3CRET'", "login"),
        ("rate = [1]", "rate"),
        ("set = 'country=CL'", "Write it like"),
        ("on-existing = 'overwrite'", "on-existing"),
        ("sandbox = 'perhaps'", "sandbox"),
        ("concurrency = 0", "concurrency"),
        ("to = ", "cannot be read"),
        ("profiles = 3", "profiles"),
    ],
)
def test_a_file_that_says_what_it_may_not_stops_the_run(
    text: str, said: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Unknown, forbidden and wrong keys: exit 2, the file and the key are named with a remedy, a secret is not shown."""
    project(text)
    assert call(["run", "list.csv", "--to", "piriod", "--dry-run", "--offline", "--out", "o"]) == 2
    told = capsys.readouterr().err
    assert said in told and configuration.FILE in told and "S3CRET" not in told and not Path("o").exists()


def test_a_profile_that_is_not_there_is_refused_with_a_near_word(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A mistyped profile imports nothing."""
    project('[profiles.acme]\nto = "piriod"\n')
    assert call(["run", "list.csv", "--profile", "amce"]) == 2
    assert "--profile acme" in capsys.readouterr().err


def test_every_flag_of_run_may_be_in_a_file_or_may_never() -> None:
    """No flag is forgotten: what a configuration file says is either taken, or refused with the reason."""
    command = group.get_command(click.Context(group), "run")
    assert command is not None
    flags = {o[2:] for p in command.params for o in p.opts if o.startswith("--")}
    assert flags - {"help"} == set(keys.KEYS) | set(keys.NEVER)


def found(target: str, profile: str | None) -> dict[str, str]:
    with click.Context(click.Command("none")) as context:
        context.meta[configuration.META] = configuration.load(profile)
        return environment.secrets(targets.load(target))


def test_where_secrets_come_from(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is a profile's own beats what is not, and the environment beats all."""
    project("[profiles.acme]\n")
    stored = {"PIRIOD_API_TOKEN": "ring-any", "PIRIOD_WORKSPACE": "acc_any"}
    monkeypatch.setattr(keychain, "recall", lambda variable, profile: stored.get(keychain.entry(variable, profile)))
    assert found("piriod", None) == {"PIRIOD_API_TOKEN": "ring-any", "PIRIOD_WORKSPACE": "acc_any"}
    Path(".env").write_text("PIRIOD_API_TOKEN=file-any\n")
    assert found("piriod", "acme")["PIRIOD_API_TOKEN"] == found("piriod", None)["PIRIOD_API_TOKEN"] == "file-any"
    stored["acme/PIRIOD_API_TOKEN"] = "ring-acme"
    assert found("piriod", "acme")["PIRIOD_API_TOKEN"] == "ring-acme"
    assert found("piriod", None)["PIRIOD_API_TOKEN"] == "file-any"
    Path(".env.acme").write_text("PIRIOD_API_TOKEN=file-acme\n")
    assert found("piriod", "acme")["PIRIOD_API_TOKEN"] == "file-acme"
    monkeypatch.setenv("PIRIOD_API_TOKEN", "env")
    assert found("piriod", "acme")["PIRIOD_API_TOKEN"] == "env"


def test_credentials_of_another_workspace_are_refused(here: Path, sandbox: Any, shell: Shell) -> None:
    """A profile says whose customers these are: with the credentials of somebody else nothing is sent."""
    project('[profiles.acme]\nto = "piriod"\nworkspace = "acc_7"\n')
    running = sandbox()
    flags = ("run", "list.csv", "--profile", "acme", "--base-url", running.base_url, "--yes", "--rate", "0")
    ended = shell(*flags, secrets=True)
    assert ended.code == 2 and "acc_7" in ended.err and "acc_1" in ended.err and running.customers("piriod") == []
    ended = shell(*flags, PIRIOD_API_TOKEN="tok-piriod")
    assert ended.code == 0 and len(running.customers("piriod")) == 3
    assert json.loads((ended.folder / "plan.json").read_text(encoding="utf-8"))["workspace"] == "acc_7"


@pytest.fixture
def ring(tmp_path: Path) -> dict[str, str]:
    """The environment of a machine that has a keyring."""
    (tmp_path / "testring.py").write_text(KEYRING)
    return {"PYTHON_KEYRING_BACKEND": "testring.FileKeyring", "PYTHONPATH": str(tmp_path),
            "TEST_KEYRING": str(tmp_path / "ring.json"), "XDG_CONFIG_HOME": str(tmp_path / "config")}  # fmt: skip


def test_login_check_run_logout(shell: Shell, sandbox: Any, ring: dict[str, str], tmp_path: Path) -> None:
    """A stored token works for its profile alone, is shown nowhere and in no file but the keyring, and goes with logout."""
    (tmp_path / configuration.FILE).write_text('[profiles.acme]\nto = "dayzero"\n')
    write_csv(tmp_path / "list.csv", people(3))
    running = sandbox(tokens=("dz-S3CRET-1",))
    business = SECRETS["DAYZERO_BUSINESS_ID"]
    asked = subprocess.run(
        [sys.executable, "-m", "pipeline", "login", "dayzero", "--profile", "acme"], cwd=tmp_path, env={**shell.env, **ring},
        input=f"dz-S3CRET-1\n{business}\n", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert asked.returncode == 0 and "S3CRET" not in asked.stdout + asked.stderr, asked.stderr
    assert json.loads((tmp_path / "ring.json").read_text()) == {
        "customer-import:acme/DAYZERO_API_TOKEN": "dz-S3CRET-1",
        "customer-import:acme/DAYZERO_BUSINESS_ID": business,
    }
    where = ("--base-url", running.base_url)
    checked = shell("targets", "--check", "--json", "--profile", "acme", *where, **ring)
    assert checked.code == 0 and json.loads(checked.out)["secrets"]["DAYZERO_API_TOKEN"] == "keyring"
    assert shell("targets", "dayzero", "--check", *where, **ring).code == 2
    done = shell("run", "list.csv", "--profile", "acme", "--yes", "--rate", "0", *where, **ring)
    assert done.counts == {"created": 3}
    files = [p for p in tmp_path.rglob("*") if p.is_file() and p.name != "ring.json"]
    assert b"S3CRET" not in b"".join(p.read_bytes() for p in files) and "S3CRET" not in done.out + done.err
    gone = shell("logout", "dayzero", "--profile", "acme", **ring)
    assert gone.code == 0 and json.loads((tmp_path / "ring.json").read_text()) == {}
    assert shell("targets", "--check", "--profile", "acme", *where, **ring).code == 2


def test_login_at_a_terminal_shows_no_secret(ring: dict[str, str], shell: Shell, tmp_path: Path) -> None:
    """What is typed for the token does not appear; the workspace, which is none, does."""
    mine, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline", "login", "piriod"], cwd=tmp_path, env={**shell.env, **ring}, stdin=theirs,
        stdout=theirs, stderr=theirs, start_new_session=True, close_fds=True,
    )  # fmt: skip
    os.close(theirs)
    shown = ""
    for typed, prompt in (("tok-S3CRET-9\n", "PIRIOD_API_TOKEN"), ("acc_9\n", "PIRIOD_WORKSPACE")):
        while prompt not in shown or not shown.endswith(
            ": "
        ):  # the last space is written when nothing is shown any more
            shown += os.read(mine, 1000).decode()
        os.write(mine, typed.encode())
        shown += os.read(mine, 1000).decode()
    try:
        while chunk := os.read(mine, 1000).decode():
            shown += chunk
    except OSError:
        pass  # the terminal's other end is closed
    assert process.wait(30) == 0 and "S3CRET" not in shown and "acc_9" in shown
    assert "tok-S3CRET-9" in (tmp_path / "ring.json").read_text()
    os.close(mine)


def test_without_a_keyring_login_says_where_else(here: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """No keyring, or no such package: exit 2, with the two other places."""
    keychain.recall.cache_clear()
    monkeypatch.setattr(keychain, "_keyring", lambda: (_ for _ in ()).throw(Misuse("not installed", keychain.INSTALL)))
    assert keychain.recall("PIRIOD_API_TOKEN", None) is None
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(Misuse, match="not installed") as stop:
        keychain.store("PIRIOD_API_TOKEN", None, "tok")
    assert ".env" in stop.value.remedy and "customer-import[keyring]" in stop.value.remedy


@pytest.mark.parametrize(
    ("token", "workspace", "code"),
    [("tok-good", "acc_1", 0), ("tok-bad", "acc_1", 5), ("tok-good", "acc_2", 5), ("", "acc_1", 2)],
)
def test_check_tells_by_its_exit_code_whether_credentials_work(
    token: str, workspace: str, code: int, shell: Shell, sandbox: Any
) -> None:  # fmt: skip
    """0 they work, 5 the target refuses them, 2 they are not there; nothing but reads is sent."""
    running = sandbox(tokens=("tok-good",), workspaces=("acc_1",))
    env = {"PIRIOD_API_TOKEN": token, "PIRIOD_WORKSPACE": workspace}
    ended = shell("targets", "piriod", "--check", "--json", "--base-url", running.base_url, **env)
    document = json.loads(ended.out)
    assert ended.code == code == document.get("exit_code", 0) and (document.get("ok") is True) == (code == 0)
    assert {r.method for r in running.requests()} <= {"GET"}


def test_a_run_keeps_its_profile(shell: Shell, sandbox: Any, tmp_path: Path) -> None:
    """What was planned with a profile is pushed with its credentials, and with no other's."""
    project_ = tmp_path / configuration.FILE
    project_.write_text('[profiles.acme]\nto = "piriod"\n[profiles.norte]\nto = "piriod"\n')
    (tmp_path / ".env").write_text("PIRIOD_API_TOKEN=tok-other\nPIRIOD_WORKSPACE=acc_other\n")
    (tmp_path / ".env.acme").write_text("PIRIOD_API_TOKEN=tok-acme\nPIRIOD_WORKSPACE=acc_acme\n")
    write_csv(tmp_path / "list.csv", people(2))
    running = sandbox(tokens=("tok-acme",), workspaces=("acc_acme",))
    where = ("--base-url", running.base_url)
    planned_ = shell("run", "list.csv", "--profile", "acme", "--dry-run", "--offline", "--out", "run", *where)
    assert planned_.counts == {"ready": 2}, planned_.err
    refused = shell("push", "run", "--yes", "--rate", "0", "--profile", "norte", *where)
    assert refused.code == 2 and "acme" in refused.err and running.customers("piriod") == []
    assert shell("push", "run", "--yes", "--rate", "0", *where).code == 0
    assert Ended(0, "", "", tmp_path / "run").counts == {"created": 2} and len(running.customers("piriod")) == 2
    project_.write_text("")
    assert "acme" in shell("undo", "run", "--yes", *where).err


def test_what_is_quiet_in_a_file_is_progress_and_no_answer(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`quiet = true` is for runs: a command that is asked for something still answers."""
    project("quiet = true\n")
    assert call(["targets"]) == 0 and "piriod" in capsys.readouterr().out
    assert call(["run", "list.csv", "--to", "piriod", "--dry-run", "--offline", "--out", "o"]) == 0
    assert capsys.readouterr().err == ""


def test_a_correction_takes_nothing_from_a_file_that_its_run_did_not(shell: Shell, tmp_path: Path) -> None:
    """An error file goes back as its run was started, whatever the profile says that is now in force."""
    rows = people(3)
    rows[1]["Correo"] = "nobody"
    write_csv(tmp_path / "list.csv", rows)
    assert shell("run", "list.csv", "--to", "dayzero", "--sandbox", "--out", "run").code == 1
    (tmp_path / configuration.FILE).write_text(
        'to = "piriod"\non-existing = "update"\nmapping = "none.toml"\nrate = "100/s"\n[set]\nnotes = "X"\n'
    )
    errors = tmp_path / "run" / "errors.csv"
    errors.write_text(
        errors.read_text(encoding="utf-8-sig").replace("nobody", "some@body.example"), encoding="utf-8-sig"
    )
    ended = shell("run", "run/errors.csv", "--out", "run")
    assert ended.code == 0 and ended.counts == {"created": 3}, ended.err
    told = json.loads((tmp_path / "run" / "round-1" / "plan.json").read_text(encoding="utf-8"))
    assert told["target"] == "dayzero" and told["options"]["on_existing"] == "skip"
    assert not told["sources"][0]["constants"]


def test_once_imports_a_file_once_and_goes_on_where_it_stopped(shell: Shell, sandbox: Any, tmp_path: Path) -> None:
    """A nightly job: stopped in the middle it goes on, then does nothing, until the file or what is asked for changes."""
    write_csv(tmp_path / "list.csv", people(6))
    running = sandbox()
    where = ("--to", "piriod", "--base-url", running.base_url, "--yes", "--rate", "0", "--concurrency", "1")
    first = shell("run", "list.csv", *where, "--once", "--canary", "2", secrets=True)
    assert first.code == 6 and len(running.customers("piriod")) == 2
    second = shell("run", "list.csv", *where, "--once", secrets=True)
    assert second.code == 0 and second.folder == first.folder and len(running.customers("piriod")) == 6
    sent = len(running.requests())
    third = shell("run", "list.csv", *where, "--once", "--json", "--events", "ev.jsonl", secrets=True)
    assert third.code == 0 and json.loads(third.out)["already_imported"] and len(running.requests()) == sent
    assert json.loads((tmp_path / "ev.jsonl").read_text().splitlines()[-1])["event"] == "end"
    assert len(list((tmp_path / "runs").glob("*/plan.json"))) == 1
    write_csv(tmp_path / "list.csv", people(7))
    fourth = shell("run", "list.csv", *where, "--once", secrets=True)
    assert fourth.counts == {"created": 1, "skipped": 6} and fourth.folder != first.folder
    fifth = shell("run", "list.csv", *where, "--once", "--on-existing", "update", secrets=True)
    assert fifth.counts == {"unchanged": 7}
    assert shell("run", "-", *where, "--once", secrets=True).code == 2


def test_events_tell_every_row_and_no_cell(shell: Shell, tmp_path: Path) -> None:
    """Each line is a documented event; the last of each row is its status in results.csv; no text of the list is in them."""
    rows = people(20)
    rows[3]["Correo"], rows[4]["RUT"] = "nobody", rows[5]["RUT"]
    write_csv(tmp_path / "list.csv", rows)
    ended = shell("run", "list.csv", "--to", "piriod", "--sandbox", "--out", "run", "--events", "ev.jsonl", "--quiet")
    text = (tmp_path / "ev.jsonl").read_text(encoding="utf-8")
    lines = [Event.model_validate_json(line) for line in text.splitlines()]
    assert {line.event for line in lines} >= {"stage", "row", "planned", "end"}
    last = {line.row: (line.status, ";".join(line.codes)) for line in lines if line.event == "row"}
    assert last == {
        int(r["_row"]): (r["_status"], ";".join(c for c in r["_error_codes"].split(";") if c)) for r in ended.results
    }
    assert not [cell for row in rows for cell in row.values() if cell in text]
    assert lines[-1].counts == ended.counts and (tmp_path / "ev.jsonl").stat().st_mode & 0o077 == 0
    assert shell("run", "list.csv", "--to", "nowhere", "--events", "ev.jsonl").code == 2
    assert json.loads((tmp_path / "ev.jsonl").read_text().splitlines()[-1])["event"] == "stop"
    assert shell("run", "list.csv", "--to", "piriod", "--sandbox", "--events", "no/where.jsonl").code == 2


def test_json_of_every_command_is_what_its_schema_says(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each command's document has its kind and version, and nothing that is not documented."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    rows = people(4)
    rows[1]["Correo"] = "nobody"
    write_csv(here / "list.csv", rows)
    Path(configuration.FILE).write_text("[profiles.acme]\n")
    to = ("--to", "piriod", "--sandbox")
    commands = [
        ("run", "list.csv", *to, "--dry-run", "--out", "run", "--json"), ("push", "run", "--json"), ("status", "run", "--json"),
        ("run", "list.csv", *to, "--out", "again", "--once", "--json"), ("undo", "run", "--json"),
        ("inspect", "list.csv", "--json"), ("targets", "--json"), ("template", "dayzero", "-o", "t.csv", "--json"),
        ("bundle", "run", "-o", "b.zip", "--json"), ("logout", "piriod", "--json"), ("login", "piriod", "--json"),
        ("forget", "run", "--yes", "--json"), ("status", "run", "--json"), ("push", "nowhere", "--json"),
        ("run", "--no-such-flag", "--json"), ("run", "absent.csv", *to, "--json"), ("completion", "bash", "--json"),
    ]  # fmt: skip
    seen = {"check", "sandbox", "event", "login", "review"}  # by other tests; there is no keyring here
    for argv in commands:
        code = call(list(argv))
        out = capsys.readouterr().out
        document = json.loads(out)
        _, kind, number = document["schema"].split("/")
        KINDS[kind].model_validate(document)
        assert number == "1" and document.get("exit_code", code) == code, argv
        seen.add(kind)
    assert seen == set(KINDS)
    assert call(["schema", "run"]) == 0
    assert json.loads(capsys.readouterr().out)["properties"]["schema"]
    assert {c for c in COMMANDS if "as_json" not in {p.name for p in _command(c).params}} <= {"completion"}


def _command(name: str) -> click.Command:
    found = group.get_command(click.Context(group), name)
    assert found is not None
    return found


def test_the_sandbox_prints_its_address_for_programs(shell: Shell, tmp_path: Path) -> None:
    """The sandbox prints its address as JSON, and a run goes there."""
    process = shell.start("sandbox", "--port", "0", "--json")
    assert process.stdout is not None
    lines = ""
    while not lines.rstrip().endswith("}"):
        lines += process.stdout.readline()
    document = KINDS["sandbox"].model_validate_json(lines)
    write_csv(tmp_path / "list.csv", people(2))
    flags = ("--to", "piriod", "--yes", "--base-url", document.base_url, "--out", "run")  # type: ignore[attr-defined]
    ended: Ended = shell("run", "list.csv", *flags, secrets=True)
    process.terminate()
    process.communicate(timeout=20)
    assert ended.counts == {"created": 2}
