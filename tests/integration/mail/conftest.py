"""A mail server on loopback that fails on purpose, and both providers as they run but for shorter deadlines."""

import asyncio
import datetime
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as LINES
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from infra.mail.file import FileMail, kept_letters
from infra.mail.letter import Letter
from infra.mail.provider import Provider
from infra.mail.smtp import Security, Server, SmtpMail
from infra.outbound import Outbound

USER, PASSWORD = "me@example.org", "s3cret-never-to-be-seen"
WRITTEN = datetime.datetime(2026, 3, 2, 9, 0, tzinfo=datetime.UTC)


def letter(id: UUID | None = None, **changes: str) -> Letter:
    fields = {
        "sender": USER,
        "to": "jane.smith@example.com",
        "subject": "Following up: Senior Engineer",
        "text": "Dear Jane,\n\nis there any news?\n.\nKöszönöm",
    }
    return Letter(id=id or uuid4(), written_at=WRITTEN, **(fields | changes))


@dataclass
class Postbox:
    """What a mail server took. `says`: its next answers by command; `drops`: commands at which it hangs up or hangs."""

    port: int = 0
    taken: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    says: dict[str, str] = field(default_factory=dict)
    drops: dict[str, str] = field(default_factory=dict)

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        envelope.mail_from = address
        return await self._answer(server, "MAIL", "250 OK")

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        envelope.rcpt_tos.append(address)
        return await self._answer(server, "RCPT", "250 OK")

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if "DATA" not in self.says:
            assert isinstance(envelope.content, bytes)
            read = message_from_bytes(envelope.content, policy=LINES)
            assert isinstance(read, EmailMessage)
            self.taken.append(read)
            self.recipients += envelope.rcpt_tos
        return await self._answer(server, "DATA", "250 OK")

    async def _answer(self, server: SMTP, command: str, usual: str) -> str:
        match self.drops.pop(command, None):
            case "hang up":
                assert server.transport is not None
                server.transport.abort()
            case "hang":
                await asyncio.sleep(5)
        return self.says.pop(command, usual)


def hasty(seconds: float) -> AbstractAsyncContextManager[object]:
    """A hard timeout fifty times shorter: 60 s become 1.2 s."""
    return asyncio.timeout(seconds / 50)


@asynccontextmanager
async def post_office(**options: Any) -> AsyncIterator[Postbox]:
    """A server; `options` are aiosmtpd's."""
    postbox, loop = Postbox(), asyncio.get_running_loop()
    # Its own warnings are about signing in without TLS, which one of these tests does on purpose.
    server = await loop.create_server(lambda: SMTP(postbox, hostname="post.example", **options), "127.0.0.1", 0)
    postbox.port = server.sockets[0].getsockname()[1]
    try:
        yield postbox
    finally:
        server.close()


def smtp_at(postbox: Postbox, security: Security = Security.NONE, **server: Any) -> SmtpMail:
    return SmtpMail(Server("127.0.0.1", postbox.port, security, **server), Outbound("smtp", within=hasty))


def sign_in(server: object, session: object, envelope: object, mechanism: str, data: Any) -> AuthResult:
    assert isinstance(data, LoginPassword)
    return AuthResult(success=(data.login, data.password) == (USER.encode(), PASSWORD.encode()), handled=False)


@dataclass(frozen=True)
class Certificate:
    """One of 127.0.0.1, and who believes it."""

    server: ssl.SSLContext
    client: ssl.SSLContext


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "post.example")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(private + made.public_bytes(Encoding.PEM))
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(file)
    return Certificate(server, ssl.create_default_context(cafile=str(file)))


@dataclass(frozen=True)
class Office:
    """A provider, and what has come of its letters."""

    provider: Provider
    folder: Path | None = None
    postbox: Postbox | None = None

    def arrived(self) -> list[EmailMessage]:
        if self.folder is not None:
            return [kept.message for kept in kept_letters(self.folder)]
        assert self.postbox is not None
        return self.postbox.taken


@pytest.fixture(params=["file", "smtp"])
async def office(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Office]:
    if request.param == "file":
        yield Office(FileMail(tmp_path / "mail"), folder=tmp_path / "mail")
        return
    async with post_office() as postbox:
        yield Office(smtp_at(postbox), postbox=postbox)
