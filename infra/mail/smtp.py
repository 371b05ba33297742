"""Mail over SMTP."""

import ssl
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

import aiosmtplib

from infra.mail.letter import Letter, message
from infra.outbound import Ambiguous, Operation, Outbound, OutboundError, Refused, Unavailable

T = TypeVar("T")

SYSTEM = "smtp"
# Not repeatable: a server that took the letter and lost its answer would send it to somebody twice.
SEND = Operation("send", timeout=60.0, repeatable=False)
# A server that does not answer at all is noticed before anything was sent.
GREETING_SECONDS = 10.0


class Security(StrEnum):
    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Server:
    """Where letters are handed in, and as whom. `context`: whose certificates are believed."""

    host: str
    port: int
    security: Security
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    context: ssl.SSLContext | None = field(default=None, repr=False)


class SmtpMail:
    """One connection a letter: follow-ups are few, and a connection kept open is one that has timed out."""

    name = SYSTEM

    def __init__(self, server: Server, outbound: Outbound | None = None) -> None:
        self._server, self._outbound = server, outbound or Outbound(SYSTEM)

    async def sent(self, id: UUID) -> bool | None:
        return None  # SMTP has no way to ask what became of a letter

    async def send(self, letter: Letter) -> None:
        await self._outbound.call(SEND, lambda: self._send(letter))

    async def _send(self, letter: Letter) -> None:
        try:
            content = message(letter).as_bytes()
        except ValueError as error:
            raise Refused(f"{SYSTEM}: {error}") from None
        client = self._client()
        try:
            await self._sign_in(client)
            await _before_content(client.mail(letter.sender))
            await _before_content(client.rcpt(letter.to))
            await _content(client.data(content))
            with suppress(aiosmtplib.SMTPException, OSError):
                await client.quit()
        finally:
            client.close()

    def _client(self) -> aiosmtplib.SMTP:
        server = self._server
        return aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            timeout=GREETING_SECONDS,
            use_tls=server.security is Security.TLS,
            start_tls=False,  # done below, so that a server without it is told apart from one that is away
            tls_context=server.context,
        )

    async def _sign_in(self, client: aiosmtplib.SMTP) -> None:
        server = self._server
        await _before_content(client.connect())
        if server.security is Security.STARTTLS:
            await _before_content(client.ehlo())
            if not client.supports_extension("starttls"):
                raise Refused(
                    f"{SYSTEM}: {server.host} offers no STARTTLS: set SMTP_SECURITY=tls, or another SMTP_PORT"
                )
            await _before_content(client.starttls())
        if server.username is not None and server.password is not None:
            await _before_content(client.login(server.username, server.password))


async def _before_content(step: Awaitable[T]) -> T:
    """A step before the letter itself: whatever goes wrong, nothing was sent."""
    try:
        return await step
    except aiosmtplib.SMTPAuthenticationError as error:
        reason = f"{SYSTEM}: signing in was refused ({error.code}): look at SMTP_USERNAME and SMTP_PASSWORD"
    except aiosmtplib.SMTPResponseException as error:
        raise _answered(error.code) from None  # the server's words may quote an address
    except ssl.SSLCertVerificationError:
        reason = f"{SYSTEM}: the server's certificate is not one to believe: look at SMTP_HOST"
    except (aiosmtplib.SMTPException, OSError) as error:
        raise Unavailable(f"{SYSTEM}: nothing was sent ({type(error).__name__})") from None
    raise Refused(reason)


async def _content(step: Awaitable[T]) -> T:
    """The letter itself: without an answer nobody knows whether it went."""
    try:
        return await step
    except aiosmtplib.SMTPResponseException as error:
        raise _answered(error.code) from None
    except (aiosmtplib.SMTPException, OSError) as error:
        raise Ambiguous(f"{SYSTEM}: no answer to the letter ({type(error).__name__})") from None


def _answered(code: int) -> OutboundError:
    """A 4yz asks to try again later, a 5yz not to (RFC 5321, 4.2.1)."""
    if 400 <= code < 500:
        return Unavailable(f"{SYSTEM}: the server asks to try again later ({code})")
    return Refused(f"{SYSTEM}: the server refused ({code})")
