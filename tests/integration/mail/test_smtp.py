"""SMTP on good days and bad: what is concluded from each answer, and from none."""

import logging

import pytest

from infra.mail.smtp import Security, Server, SmtpMail
from infra.outbound import Ambiguous, Outbound, Refused, Unavailable
from tests.integration.mail.conftest import PASSWORD, USER, Certificate, hasty, letter, post_office, sign_in, smtp_at


async def test_signing_in_is_done_under_tls(certificate: Certificate) -> None:
    options = {"tls_context": certificate.server, "require_starttls": True, "authenticator": sign_in}
    async with post_office(**options, auth_required=True) as postbox:
        account = {"username": USER, "password": PASSWORD, "context": certificate.client}
        await smtp_at(postbox, Security.STARTTLS, **account).send(letter())
        assert len(postbox.taken) == 1


async def test_a_wrong_password_is_refused_and_never_told(
    certificate: Certificate, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "aiosmtplib")
    async with post_office(tls_context=certificate.server, authenticator=sign_in) as postbox:
        mail = smtp_at(postbox, Security.STARTTLS, username=USER, password="wr0ng-secret", context=certificate.client)
        with pytest.raises(Refused, match="look at SMTP_USERNAME and SMTP_PASSWORD") as refusal:
            await mail.send(letter())
    assert "wr0ng-secret" not in str(refusal.value) + repr(mail.__dict__) + caplog.text
    assert postbox.taken == []


async def test_a_certificate_of_nobody_known_is_refused(certificate: Certificate) -> None:
    async with post_office(tls_context=certificate.server) as postbox:
        with pytest.raises(Refused, match="certificate"):
            await smtp_at(postbox, Security.STARTTLS).send(letter())
    assert postbox.taken == []


async def test_a_server_without_starttls_gets_nothing_in_clear() -> None:
    async with post_office() as postbox:
        with pytest.raises(Refused, match="offers no STARTTLS: set SMTP_SECURITY=tls"):
            await smtp_at(postbox, Security.STARTTLS, username=USER, password=PASSWORD).send(letter())
    assert postbox.taken == []


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize(
    ("answer", "conclusion"),
    [("451 jane.smith@example.com is greylisted", Unavailable), ("550 jane.smith@example.com is unknown", Refused)],
)
async def test_the_servers_answer_decides_and_its_words_are_not_repeated(
    command: str, answer: str, conclusion: type[Exception]
) -> None:
    async with post_office() as postbox:
        postbox.says[command] = answer
        with pytest.raises(conclusion, match=answer[:3]) as failure:
            await smtp_at(postbox).send(letter())
        assert "jane" not in str(failure.value)
        assert postbox.taken == []
        await smtp_at(postbox).send(letter())
        assert len(postbox.taken) == 1


@pytest.mark.parametrize("command", ["MAIL", "RCPT"])
async def test_a_connection_lost_before_the_letter_is_as_if_nothing_was_sent(command: str) -> None:
    async with post_office() as postbox:
        postbox.drops[command] = "hang up"
        with pytest.raises(Unavailable, match="nothing was sent"):
            await smtp_at(postbox).send(letter())
        assert postbox.taken == []


@pytest.mark.parametrize("how", ["hang up", "hang"])
async def test_a_letter_without_an_answer_may_have_gone(how: str) -> None:
    async with post_office() as postbox:
        postbox.drops["DATA"] = how
        with pytest.raises(Ambiguous):
            await smtp_at(postbox).send(letter())
        assert len(postbox.taken) == 1


async def test_a_server_that_is_away_is_unavailable() -> None:
    async with post_office() as postbox:
        pass
    mail = SmtpMail(Server("127.0.0.1", postbox.port, Security.NONE), Outbound("smtp", within=hasty))
    with pytest.raises(Unavailable, match="nothing was sent"):
        await mail.send(letter())
