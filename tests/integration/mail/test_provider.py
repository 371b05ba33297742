"""What every mail provider does, the folder and SMTP alike."""

from datetime import datetime
from uuid import uuid4

import pytest

from infra.outbound import Refused
from tests.integration.mail.conftest import WRITTEN, Office, letter


async def test_a_letter_arrives_as_it_was_written(office: Office) -> None:
    sent = letter()
    await office.provider.send(sent)
    [arrived] = office.arrived()
    assert (arrived["From"], arrived["To"]) == (sent.sender, sent.to)
    assert arrived["Subject"] == "Following up: Senior Engineer"
    assert arrived["Message-ID"] == f"<{sent.id.hex}@example.org>"
    assert datetime.strptime(arrived["Date"], "%a, %d %b %Y %H:%M:%S %z") == WRITTEN
    assert arrived.get_content().replace("\r\n", "\n").rstrip("\n") == sent.text


async def test_a_subject_stays_one_header_whatever_a_title_holds(office: Office) -> None:
    await office.provider.send(letter(subject="Hello\r\nBcc: everybody@example.org\n\nand a body: Tükör"))
    [arrived] = office.arrived()
    assert arrived["Subject"] == "Hello Bcc: everybody@example.org and a body: Tükör"
    assert arrived["Bcc"] is None


async def test_the_same_letter_has_the_same_message_id(office: Office) -> None:
    sent = letter()
    await office.provider.send(sent)
    await office.provider.send(sent)
    assert {arrived["Message-ID"] for arrived in office.arrived()} == {sent.message_id}


async def test_a_provider_that_can_tell_knows_what_it_sent(office: Office) -> None:
    sent = letter()
    before, other = await office.provider.sent(sent.id), uuid4()
    await office.provider.send(sent)
    after = (await office.provider.sent(sent.id), await office.provider.sent(other))
    assert (before, *after) in [(False, True, False), (None, None, None)]


@pytest.mark.parametrize("to", ["nobody", "two words@example.org", "@example.org", "jane@", ""])
async def test_an_address_that_is_none_is_refused_without_being_repeated(office: Office, to: str) -> None:
    with pytest.raises(Refused, match="not an e-mail address") as refusal:
        await office.provider.send(letter(to=to))
    assert not to or to not in str(refusal.value)
    assert office.arrived() == []
