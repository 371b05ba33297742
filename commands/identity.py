"""Commands of the identity context."""

from dataclasses import dataclass
from uuid import UUID

from commands.bus import Work, handles
from domain.errors import NotFound
from domain.identity.subject import Erasure


@dataclass(frozen=True, slots=True)
class EraseSubject:
    """Destroy a person's key: their fields become unreadable in every event, topic and backup. Not reversible."""

    subject_id: UUID
    reason: str


@handles(EraseSubject)
async def erase_subject(command: EraseSubject, work: Work) -> UUID:
    id = Erasure.create_id(command.subject_id)
    try:
        await work.read(Erasure, id)
    except NotFound:
        work.add(Erasure(id=id, subject_id=command.subject_id, reason=command.reason, timestamp=work.now))
        work.erase(command.subject_id)
    return id
