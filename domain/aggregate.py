"""The base of our aggregates: the eventsourcing library's, with explicit topics only."""

from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from eventsourcing.domain import Aggregate as LibraryAggregate


class Aggregate(LibraryAggregate):
    """An aggregate whose every event names its topic (`<context>.<Event>`) itself.

    The library derives topics from module and class names, so that moving a file would orphan history; with an
    explicit `TOPIC` on a subclass it still demands one for the inherited `Created`, which none of ours uses.
    """

    TOPIC: ClassVar[str]
    SNAPSHOT_EVERY: ClassVar[int | None] = None
    SPOKEN: ClassVar[str | None] = None

    if TYPE_CHECKING:  # at run time the library would take an annotation for a field of the first event
        # The tenant, who is whoever began the stream. The repository sets it; decisions do not depend on it.
        owner: UUID

    def __repr__(self) -> str:
        # The library's own would print every attribute, personal ones included.
        return f"<{type(self).__name__} {self.id} v{self.version}>"


delattr(Aggregate, "Created")
