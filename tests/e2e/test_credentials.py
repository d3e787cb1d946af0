"""Credentials: they go to one host over a verified connection, stay out of every file and output, and may die in mid run."""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import anyio
import pytest
from conftest import Ended, Shell, people, write_csv

from pipeline.client import NotSent, Patience, connect
from pipeline.pace import Limiter
from pipeline.targets.interface import Call

SECRET = "tok-S3CRET-4711"
TARGETS = {"piriod": "PIRIOD_API_TOKEN", "dayzero": "DAYZERO_API_TOKEN"}

SELF_SIGNED = """\
-----BEGIN CERTIFICATE-----
MIIBmjCCAUGgAwIBAgIUOybEPt8xcuKxrXhCtmdMWrhVHh8wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTA4NDA0MloYDzIxMjYxMDI4
MDg0MDQyWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQIFv324BpczCvRZcSBH7vSgVZVdrifkQjJCEQ+hbGx4jh21ePzJKdE
ko8Vyws7q4FJEahdbd01idAB+AYJ6CJ9o28wbTAdBgNVHQ4EFgQUEbY+vCd5+saA
cbCXl7EFhvEJNX4wHwYDVR0jBBgwFoAUEbY+vCd5+saAcbCXl7EFhvEJNX4wDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDRwAwRAIgGpLKwOu7i1ZvrGKcQbjO2bWywbIhW172G1J5lyOiDCsCIB3K
rsyhQVDyPVYmTren9cb8twdEEzXGN63MxVONJicJ
-----END CERTIFICATE-----
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgbV2RHjfMs5u28DNy
BaOC6VOYbRP4YVnHMYN/3jUiqnGhRANCAAQIFv324BpczCvRZcSBH7vSgVZVdrif
kQjJCEQ+hbGx4jh21ePzJKdEko8Vyws7q4FJEahdbd01idAB+AYJ6CJ9
-----END PRIVATE KEY-----
"""
"""A certificate for localhost that nobody vouches for, and its key: made for this test and used nowhere else."""


class Evil(BaseHTTPRequestHandler):
    """Answers every write by showing the whole request, or by sending the client elsewhere."""

    manner = "echo 400"
    elsewhere = ""
    seen: list[str]

    def do_GET(self) -> None:
        """Lists are empty; with a `next` link the first page has one customer and the next page is elsewhere."""
        type(self).seen.append(self.headers.get("Authorization", ""))
        if self.manner == "redirect reads":
            self._answer(302, b"{}", Location=f"{self.elsewhere}{self.path}")
        elif "states" in self.path or "payment-terms" in self.path or "countries" in self.path:
            known = b'{"id": 7, "name": "Metropolitana", "country": "CL", "has_regulation": false}'
            known = (
                known.replace(b"7", b'"CL"').replace(b'"country": "CL", ', b"") if "countries" in self.path else known
            )
            self._answer(200, b'{"count": 1, "next": null, "results": [%s], "items": [], "has_next": false}' % known)
        elif self.manner == "next" and "page=2" not in self.path and "cursor" not in self.path:
            link = f'"{self.elsewhere}/customers/?page=2"'.encode()
            item = b'{"id": "a", "email": "a@x.example"}'
            self._answer(200, b'{"count": 101, "next": %s, "results": [%s], "items": [%s], "next_cursor": %s, "has_next": true, '
                         b'"total": 1001}' % (link, item, item, link))  # fmt: skip
        else:
            self._answer(200, b'{"count": 0, "next": null, "results": [], "items": [], "has_next": false, "total": 0}')

    def do_POST(self) -> None:
        """What a badly made error page shows: everything."""
        type(self).seen.append(self.headers.get("Authorization", ""))
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        told = str(self.headers).replace("\n", "; ").replace("\r", "").replace('"', "").encode()
        if self.manner == "redirect":
            self._answer(307, b"{}", Location=f"{self.elsewhere}{self.path}")
        elif self.manner == "echo html":
            self._answer(502, b"<html>" + told + b"</html>", **{"Content-Type": "text/html"})
        elif self.manner == "echo 401":
            self._answer(401, b'{"detail": "%s"}' % told)
        else:
            self._answer(400, b'{"detail": "%s", "name": ["%s"]}' % (told, told))

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def served(manner: str, elsewhere: str) -> tuple[ThreadingHTTPServer, type[Evil]]:
    """A running server of that manner."""
    kind = type("Kind", (Evil,), {"manner": manner, "elsewhere": elsewhere, "seen": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, kind


@pytest.fixture
def evil() -> Iterator[Any]:
    """Start a server of some manner, and another one to which it points; give both and the address of the first."""
    running: list[ThreadingHTTPServer] = []

    def start(manner: str) -> tuple[type[Evil], type[Evil], str]:
        other, elsewhere = served("echo 400", "")
        server, kind = served(manner, f"http://127.0.0.1:{other.server_port}")
        running.extend((server, other))
        return kind, elsewhere, f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


def told(home: Path, ended: Ended) -> bytes:
    """Everything that was printed, and every file there is, the caches and locks too."""
    files = [p for p in home.rglob("*") if p.is_file()]
    assert any(p.name == "plan.json" for p in files) or ended.code != 0
    return (ended.out + ended.err).encode() + b"".join(p.read_bytes() + str(p).encode() for p in files)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("manner", ["echo 400", "echo html", "echo 401", "redirect", "redirect reads", "next"])
def test_the_token_is_in_no_file_and_no_output_and_goes_nowhere_else(
    manner: str, target: str, shell: Shell, evil: Any, tmp_path: Path
) -> None:
    """Servers that show the request in their error, or point elsewhere: the run fails, and the token stays where it belongs."""
    write_csv(tmp_path / "list.csv", people(3))
    kind, elsewhere, url = evil(manner)
    flags = ("--yes", "--rate", "0", "--timeout", "2", "--settle", "0", "--max-retries", "0", "--out", "run")
    ended = shell(
        "run", "list.csv", "--to", target, "--base-url", url, *flags, secrets=True, **{TARGETS[target]: SECRET}
    )
    assert any(SECRET in seen for seen in kind.seen), ended.err
    assert ended.code in (1, 5), ended.err
    assert SECRET.encode() not in told(tmp_path, ended) and b"S3CRET" not in told(tmp_path, ended)
    assert elsewhere.seen == []
    if manner in ("echo 400", "echo 401"):
        assert b"***" in told(tmp_path, ended)
    if manner == "echo 400":
        again = shell(
            "push", "run", "--base-url", url, *flags[:-2], "--retry", "all", secrets=True, **{TARGETS[target]: SECRET}
        )
        assert b"S3CRET" not in told(tmp_path, again) and elsewhere.seen == []


@pytest.mark.parametrize("target", TARGETS)
def test_a_token_that_dies_while_rows_are_sent(target: str, shell: Shell, sandbox: Any, tmp_path: Path) -> None:
    """401 from some row on: exit 5, the rest not attempted, nobody failed; a new token ends the run, each customer once."""
    write_csv(tmp_path / "list.csv", people(60))
    running = sandbox(latency=0.02)
    where = ("--base-url", running.base_url, "--yes", "--quiet", "--rate", "0", "--concurrency", "2")
    process = shell.start("run", "list.csv", "--to", target, "--out", "run", *where, secrets=True)
    while len(running.customers(target)) < 5 and process.poll() is None:
        time.sleep(0.01)
    running.reconfigure(tokens=("the-new-token",))
    _, err = process.communicate(timeout=60)
    assert process.returncode == 5 and "credentials" in err and "push" in err
    counts = Ended(5, "", err, tmp_path / "run").counts
    assert set(counts) == {"created", "not_attempted"} and counts["created"] == len(running.customers(target))
    ended = shell("push", "run", *where, secrets=True, **{TARGETS[target]: "the-new-token"})
    assert ended.code == 0, ended.err
    assert Ended(0, "", "", tmp_path / "run").counts == {"created": 60}
    assert len({c["name"] for c in running.customers(target)}) == len(running.customers(target)) == 60


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    """TLS is verified: the request, and with it the token, does not leave."""
    (tmp_path / "both.pem").write_text(SELF_SIGNED)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "both.pem")
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.read(1000))
        writer.close()

    async def work() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
        url = f"https://localhost:{server.sockets[0].getsockname()[1]}"
        headers = {"Authorization": f"Token {SECRET}"}
        async with connect(url, headers, Limiter(None), Patience(5, 0)) as client:
            with pytest.raises(NotSent, match=r"(?i)certificate"):
                await client.send(Call("POST", "/customers/", body=b"{}"))
        server.close()

    anyio.run(work)
    assert not any(SECRET.encode() in text for text in seen)
