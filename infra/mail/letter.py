"""A letter, and the message that it becomes: the same bytes however often it is written."""

from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Letter:
    """What somebody shall get. Holds personal data: never log it.

    `id` makes it one letter: sent again, it has the same Message-ID and replaces nothing.
    """

    id: UUID
    sender: str
    to: str
    subject: str
    text: str
    written_at: datetime

    def __repr__(self) -> str:
        return f"Letter(id={self.id})"

    @property
    def message_id(self) -> str:
        return f"<{self.id.hex}@{self.sender.rpartition('@')[2]}>"


def message(letter: Letter) -> EmailMessage:
    """The letter as an Internet message (RFC 5322), lines ending as SMTP wants them.

    Raises ValueError for an address that is none.
    """
    written = EmailMessage(policy=SMTP)
    written["Message-ID"] = letter.message_id
    written["Date"] = format_datetime(letter.written_at)
    written["From"] = _address(letter.sender)
    written["To"] = _address(letter.to)
    # A header is one line, whatever a posting's title holds.
    written["Subject"] = " ".join(letter.subject.split())
    written.set_content(letter.text, charset="utf-8")
    return written


def _address(text: str) -> Address:
    user, _, domain = text.strip().rpartition("@")
    if not user or not domain or any(character.isspace() for character in text.strip()):
        raise ValueError("not an e-mail address")
    return Address(username=user, domain=domain)
