"""The client against a server whose certificate nobody vouches for: no request leaves, and no credential with it."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import ssl
from pathlib import Path

import anyio
import httpx
import pytest

from pipeline.client import NotSent, Patience, connect
from pipeline.pace import Limiter
from pipeline.targets.interface import Call

x509 = pytest.importorskip("cryptography.x509")  # comes with keyring on Linux


def self_signed(folder: Path, from_: int = -1, to: int = 1) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that only itself vouches for, and its key, as PEM files; valid between two days from now."""
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    today = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today + datetime.timedelta(days=from_)).not_valid_after(today + datetime.timedelta(days=to))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    certificate, secret = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                         serialization.NoEncryption()))  # fmt: skip
    return certificate, secret


def test_a_certificate_that_nobody_vouches_for_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    """The server would take the request and never sees a byte of it; the row may be sent again."""
    seen, said = refused(self_signed(tmp_path))
    assert b"secret" not in b"".join(seen)
    assert "not trusted" in said and "self-signed" in said


@pytest.mark.parametrize(("from_", "to"), [(-60, -30), (30, 60)])
def test_a_certificate_of_another_time_names_the_clock(
    from_: int, to: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who vouches for it is trusted; the clock of the machine may be a month off."""
    certificate, key = self_signed(tmp_path, from_, to)
    monkeypatch.setattr(httpx, "create_ssl_context", lambda **_: ssl.create_default_context(cafile=str(certificate)))
    seen, said = refused((certificate, key))
    assert b"secret" not in b"".join(seen)
    assert "clock" in said and f"{datetime.datetime.now(datetime.UTC):%Y-%m}" in said, said


def refused(pair: tuple[Path, Path]) -> tuple[list[bytes], str]:
    """What a server with this certificate and key receives, and what is said of it."""
    seen: list[bytes] = []
    said = ""

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.read(1000))
        writer.close()

    async def work() -> None:
        nonlocal said
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*pair)
        server = await asyncio.start_server(take, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        async with connect(
            f"https://127.0.0.1:{port}", {"Authorization": "secret"}, Limiter(None), Patience(5, 0)
        ) as it:
            with pytest.raises(NotSent) as error:
                await it.send(Call("POST", "/customers/", body=b"{}"))
            said = str(error.value)
        server.close()

    anyio.run(work)
    return seen, said
