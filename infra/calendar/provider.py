"""What every outside calendar can do. Ours needs none of it: its events are in our log."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Entry:
    """An event as a calendar shall show it, in its `revision`. Holds personal data: never log it.

    `all_day`: the days from `starts_at` to before `ends_at`, as dates of UTC. `reminders`: minutes before.
    """

    id: UUID
    revision: int
    summary: str
    starts_at: datetime
    ends_at: datetime
    all_day: bool
    location: str | None
    description: str | None
    reminders: tuple[int, ...]

    def __repr__(self) -> str:
        return f"Entry(id={self.id}, revision={self.revision})"


@dataclass(frozen=True, slots=True)
class ExternalEvent:
    """An event as the provider has it: its id there, a page that shows it, and which revision of ours it is.

    `version` is the provider's own mark of this state; `revision` is None where nobody can tell.
    """

    external_id: str
    link: str | None
    revision: int | None
    version: str
    removed: bool = False


class Provider(Protocol):
    """Every method raises `Refused` or `Unavailable`. All of them may be repeated: the id is ours."""

    name: str

    async def find(self, id: UUID) -> ExternalEvent | None:
        """The event that carries our id, also one that was removed; None if there never was one."""
        ...

    async def put(self, entry: Entry, known: ExternalEvent | None) -> ExternalEvent:
        """Makes the event what `entry` says. `known`: what was found before.

        Raises `Unavailable` when it is not so any more: a request of ours that is late must not undo a later one.
        """
        ...

    async def remove(self, id: UUID) -> None:
        """Removes the event. Removing one that is not there changes nothing."""
        ...
