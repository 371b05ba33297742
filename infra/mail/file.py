"""The embedded provider: each letter becomes an .eml file, which any mail program opens."""

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parsedate_to_datetime
from pathlib import Path
from uuid import UUID

from infra.mail.letter import Letter, message
from infra.outbound import Operation, Outbound, Refused, Unavailable

SYSTEM = "file mail"
FOLDER = "mail"
SENT = Operation("sent", timeout=10.0, repeatable=True)
# Repeatable: the name follows from the letter, so writing it twice leaves one file.
SEND = Operation("send", timeout=10.0, repeatable=True)


class FileMail:
    """Letters in a folder, readable by its owner only: they are other people's business."""

    name = "file"

    def __init__(self, folder: Path, outbound: Outbound | None = None) -> None:
        self._folder, self._outbound = folder, outbound or Outbound(SYSTEM)

    async def sent(self, id: UUID) -> bool | None:
        return await self._outbound.call(SENT, lambda: asyncio.to_thread(_path(self._folder, id).exists))

    async def send(self, letter: Letter) -> None:
        await self._outbound.call(SEND, lambda: asyncio.to_thread(self._write, letter))

    def _write(self, letter: Letter) -> None:
        try:
            content = message(letter).as_bytes()
        except ValueError as error:
            raise Refused(f"{SYSTEM}: {error}") from None
        path = _path(self._folder, letter.id)
        fresh = path.with_suffix(f".{os.getpid()}")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)  # whoever lists the folder sees whole letters only
        except OSError as error:
            raise Unavailable(f"{SYSTEM}: {error.strerror or 'the letter could not be written'}") from error


@dataclass(frozen=True, slots=True)
class Kept:
    """A letter in the folder."""

    id: UUID
    to: str
    subject: str
    written_at: datetime
    message: EmailMessage

    @property
    def text(self) -> str:
        body = self.message.get_body(("plain",))
        return "" if body is None else str(body.get_content()).replace("\r\n", "\n")


def kept_letters(folder: Path) -> list[Kept]:
    """The letters in `folder`, the latest first; what is none of ours is left out."""
    found = [kept for path in folder.glob("*.eml") for kept in _kept(path)]
    return sorted(found, key=lambda kept: (kept.written_at, kept.id), reverse=True)


def _kept(path: Path) -> Iterator[Kept]:
    try:
        id = UUID(hex=path.stem)
    except ValueError:
        return
    read = message_from_bytes(path.read_bytes(), policy=SMTP)
    assert isinstance(read, EmailMessage)
    try:
        written_at = parsedate_to_datetime(str(read["Date"]))
    except ValueError:
        written_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    yield Kept(id, str(read["To"]), str(read["Subject"]), written_at, read)


def _path(folder: Path, id: UUID) -> Path:
    return folder / f"{id.hex}.eml"
