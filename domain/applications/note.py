"""Something a person noted about an application."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from eventsourcing.domain import event

from domain.aggregate import Aggregate

FIELDS = ("kind", "content", "important")


class Note(Aggregate):
    """Its text is personal data of the person who wrote it."""

    TOPIC = "applications.Note"

    @event("NoteAdded", topic="applications.NoteAdded")
    def __init__(
        self,
        id: UUID,
        number: int,
        job_id: UUID,
        job_number: int,
        kind: str,
        content: str,
        important: bool,
        owner_id: UUID,
        timestamp: datetime,
    ) -> None:
        self.number, self.job_id, self.job_number, self.owner_id = number, job_id, job_number, owner_id
        self.kind, self.content, self.important = kind, content, important

    def change(self, changes: Mapping[str, Any], timestamp: datetime) -> None:
        """Set the named fields; none that differs means no event. Raises `KeyError` for one that no note has."""
        if unknown := changes.keys() - set(FIELDS):
            raise KeyError(*sorted(unknown))
        real = {name: value for name, value in changes.items() if getattr(self, name) != value}
        if real:
            names = ("number", "job_id", "job_number", *FIELDS, "owner_id")
            after = {name: getattr(self, name) for name in names} | real
            self._text_changed(**after, changed=sorted(real), timestamp=timestamp)

    @event("NoteChanged", topic="applications.NoteChanged")
    def _text_changed(
        self,
        number: int,
        job_id: UUID,
        job_number: int,
        changed: Sequence[str],
        kind: str,
        content: str,
        important: bool,
        owner_id: UUID,
        timestamp: datetime,
    ) -> None:
        self.kind, self.content, self.important = kind, content, important
