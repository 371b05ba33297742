"""A person whose personal data events carry."""

from datetime import datetime
from uuid import UUID, uuid5

from eventsourcing.domain import event

from domain.aggregate import Aggregate

_ERASURES = UUID("5f0c9c2e-6f0e-4a59-9b46-0d6f1f6a7a10")


class Erasure(Aggregate):
    """The fact that a subject's key was destroyed; read models blank what they hold when they fold it."""

    TOPIC = "identity.Erasure"

    @event("SubjectErased", topic="identity.SubjectErased")
    def __init__(self, id: UUID, subject_id: UUID, reason: str, timestamp: datetime) -> None:
        self.subject_id = subject_id

    @staticmethod
    def create_id(subject_id: UUID) -> UUID:
        """A subject is erased once: the stream's id follows from it."""
        return uuid5(_ERASURES, str(subject_id))
