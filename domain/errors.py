"""What a decision may answer instead of an event. A product decides how each looks over HTTP."""

from collections.abc import Iterable
from uuid import UUID


class DomainError(Exception):
    """A business rule says no. Nothing was recorded."""


class NotFound(DomainError):
    """There is no such thing, or the asking tenant may not know of it."""

    def __init__(self, what: str, id: UUID | str) -> None:
        super().__init__(f"{what} not found")
        self.what, self.id = what, id


class Refused(DomainError):
    """The request is understood and not allowed as things stand."""


class IllegalTransition(Refused):
    """A status may not follow another. Says which may."""

    def __init__(self, what: str, from_: str, to: str, allowed: Iterable[str]) -> None:
        moves = ", ".join(sorted(allowed)) or "none"
        super().__init__(f"{what} cannot go from {from_} to {to}; allowed: {moves}")
        self.from_, self.to = from_, to
