"""The base of our aggregates: the eventsourcing library's, with explicit topics only."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from eventsourcing.domain import Aggregate as LibraryAggregate


class Aggregate(LibraryAggregate):
    """An aggregate whose every event names its topic (`<context>.<Event>`) itself.

    The library derives topics from module and class names, so that moving a file would orphan history; with an
    explicit `TOPIC` on a subclass it still demands one for the inherited `Created`, which none of ours uses.
    """

    CONTEXT: ClassVar[str]
    SNAPSHOT_EVERY: ClassVar[int | None] = None

    @property
    def owner(self) -> UUID:
        """The tenant that the stream's events belong to: a company, or a person."""
        raise NotImplementedError(f"{type(self).__name__} names no owner")

    def __repr__(self) -> str:
        # The library's own would print every attribute, personal ones included.
        return f"<{type(self).__name__} {self.id} v{self.version}>"

    @property
    def updated_at(self) -> datetime:
        return self.modified_on


delattr(Aggregate, "Created")
