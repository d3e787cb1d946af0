"""A target that somebody else adds: a distribution with one file, built, installed, and used end to end."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from conftest import ROOT, Ended, Shell, people, write_csv

from pipeline import targets
from pipeline.errors import Misuse

SECRETS = {"TALLYHO_TOKEN": "tally-S3CRET", "TALLYHO_ORG": "org_1"}


class Tallyho(BaseHTTPRequestHandler):
    """The invented API: pages of 50, filters by e-mail, refuses one name, and can drop the answer after the commit."""

    clients: dict[str, dict[str, Any]]
    posts: list[str]
    drop: set[int]
    lock: threading.Lock

    def do_GET(self) -> None:
        """One client, or a page of those that the filter takes."""
        url = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(url.query).items()}
        id_ = url.path.removeprefix("/v2/clients").lstrip("/")
        if not self._allowed():
            return
        if id_:
            self._answer(200 if id_ in self.clients else 404, self.clients.get(id_, {}))
            return
        start = int(asked.pop("offset", 0))
        found = [c for c in self.clients.values() if all(c.get(n) == v for n, v in asked.items())]
        more = start + 50 if start + 50 < len(found) else None
        self._answer(200, {"clients": found[start : start + 50], "next_offset": more, "total": len(found)})

    def do_POST(self) -> None:
        """Commit, and then perhaps say nothing."""
        record = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self._allowed():
            return
        with self.lock:
            self.posts.append(record["email"])
            number = len(self.posts)
            if record["name"].startswith("Refused"):
                self._answer(422, {"problems": {"name": "we do not like this one"}})
                return
            made = {"id": f"cl_{number}", **record}
            self.clients[made["id"]] = made
        if number in self.drop:
            self.close_connection = True
            self.connection.close()
            return
        self._answer(201, made)

    def do_PATCH(self) -> None:
        """Change what is sent."""
        changes = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        client = self.clients[self.path.rpartition("/")[2]]
        client |= changes
        self._answer(200, client)

    def _allowed(self) -> bool:
        good = self.headers["Authorization"] == "Bearer tally-S3CRET" and self.headers["X-Org"] == "org_1"
        if not good:
            self._answer(401, {})
        return good

    def _answer(self, status: int, content: Any) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def tallyho() -> Iterator[tuple[type[Tallyho], str]]:
    """The server, and its address."""
    kind = type("Kind", (Tallyho,), {"clients": {}, "posts": [], "drop": set(), "lock": threading.Lock()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield kind, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The sample distribution, really built and installed into a folder; the environment that has it."""
    source = tmp_path_factory.mktemp("source") / "target"
    shutil.copytree(ROOT / "samples" / "target", source)
    place = tmp_path_factory.mktemp("site")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--no-index",
         "--disable-pip-version-check", "--target", place, source],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    return {"PYTHONPATH": str(place)}


def test_a_file_is_imported_into_the_added_target(
    installed: dict[str, str], tallyho: tuple[type[Tallyho], str], shell: Shell, tmp_path: Path
) -> None:
    """Checked, pushed, lost answers looked up, refused rows told, updated, and never twice: as with our own targets."""
    kind, url = tallyho
    rows = [{"Nombre": p["Nombre"], "RUT": p["RUT"], "País": "Chile", "Correo": p["Correo"], "Teléfono": p["Teléfono"], "Plan": "basic"}
            for p in people(60)]  # fmt: skip
    rows[5]["Correo"], rows[6]["RUT"], rows[7]["Nombre"] = "nobody", "76.000.006-1", "Refused SpA"
    write_csv(tmp_path / "list.csv", rows)
    kind.drop = {3, 20}
    env = {**installed, **SECRETS}
    where = ("--base-url", url, "--yes", "--rate", "0", "--timeout", "3", "--settle", "0")
    listed = shell("targets", **installed)
    assert "tallyho" in listed.out and "TALLYHO_TOKEN" in listed.out
    checked = shell("targets", "tallyho", "--check", "--base-url", url, **env)
    assert checked.code == 0, checked.err
    assert (
        shell("targets", "tallyho", "--check", "--base-url", url, **{**env, "TALLYHO_TOKEN": "wrong-token"}).code == 5
    )
    ended = shell("run", "list.csv", "--to", "tallyho", "--out", "run", *where, **env)
    for _ in range(3):
        if "unknown" in ended.counts:
            shell("push", "run", *where, **env)
            ended = Ended(0, "", "", tmp_path / "run")
    assert ended.counts == {"created": 57, "invalid": 2, "rejected": 1}, (ended.counts, ended.err)
    assert len(kind.clients) == len({c["email"] for c in kind.clients.values()}) == 57
    assert {r["_id"]: r["Nombre"] for r in ended.results if r["_id"]} == {
        c["id"]: c["name"] for c in kind.clients.values()
    }
    refused = next(r for r in ended.results if r["_status"] == "rejected")
    assert "we do not like this one" in refused["_errors"] and "Nombre" in refused["_errors"]
    again = shell("run", "list.csv", "--to", "tallyho", "--out", "again", *where, **env)
    assert again.counts["skipped"] == 57 and len(kind.clients) == 57
    rows[0]["Plan"] = "plus"
    write_csv(tmp_path / "list.csv", rows)
    updated = shell("run", "list.csv", "--to", "tallyho", "--on-existing", "update", "--out", "up", *where, **env)
    assert updated.counts["updated"] == 1 and updated.counts["unchanged"] == 56
    assert sum(c["plan"] == "plus" for c in kind.clients.values()) == 1
    files = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    assert b"S3CRET" not in files and "S3CRET" not in ended.out + ended.err


def test_the_other_commands_know_the_added_target(installed: dict[str, str], shell: Shell, tmp_path: Path) -> None:
    """Template, inspection, JSON Schema; the sandbox, which knows it not, says so and sends nothing."""
    assert shell("template", "tallyho", "-o", "t.xlsx", **installed).code == 0
    write_csv(tmp_path / "list.csv", people(2))
    found = json.loads(shell("inspect", "list.csv", "--to", "tallyho", "--json", **installed).out)
    assert {c["field"] for c in found["columns"]} >= {"name", "email", "tax_id"}
    assert "name" in json.loads(shell("targets", "tallyho", "--json", **installed).out)["properties"]
    refused = shell("run", "list.csv", "--to", "tallyho", "--sandbox", **installed)
    assert refused.code == 2 and "--base-url" in refused.err
    assert shell("run", "list.csv", "--to", "tallyho", "--dry-run", "--offline", "--out", "o", **installed).counts == {
        "ready": 2
    }
    absent = shell("run", "list.csv", "--to", "tallyho", "--sandbox")
    assert absent.code == 2 and "there is no target 'tallyho'" in absent.err


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("no_such_module_anywhere:TARGET", "cannot be loaded"),
        ("pipeline.targets.piriod:TARGET", "of that name"),
        ("pipeline.options:SETTLE_EXTRA", "no pipeline.targets.interface.Target"),
        ("thief:TARGET", "secrets of another target: PIRIOD_API_TOKEN"),
    ],
)
def test_what_is_no_target_is_refused_and_named(
    value: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken distribution stops its own name only, exit 2, and none may ask for another target's secrets."""
    source = (ROOT / "samples" / "target" / "tallyho.py").read_text(encoding="utf-8")
    (tmp_path / "thief.py").write_text(source.replace('"TALLYHO_TOKEN"', '"PIRIOD_API_TOKEN"'), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    point = EntryPoint("tallyho", value, targets.GROUP)
    monkeypatch.setattr(targets, "_added", lambda: {"tallyho": point})
    with pytest.raises(Misuse, match=said):
        targets.load("tallyho")
    assert targets.load("piriod").base_url == "https://api.piriod.com"


def test_our_own_targets_cannot_be_replaced(tmp_path: Path) -> None:
    """An entry point called piriod changes nothing: its customers and tokens go where they always went."""
    info = tmp_path / "evil-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{targets.GROUP}]\npiriod = evil:TARGET\n")
    code = "from pipeline import targets; print(targets.names(), targets.load('piriod').base_url)"
    ended = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(tmp_path)},
                           capture_output=True, text=True, check=True)  # fmt: skip
    assert "api.piriod.com" in ended.stdout and "evil" not in ended.stdout
