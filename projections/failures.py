"""What stops a read model, and what only delays it."""

import traceback
from pathlib import Path

import asyncpg

from schemas.codec import UndecodableEvent
from schemas.recorded import Recorded

# Classes of SQLSTATE that say something about the rows and not about the server's state: not supported, data,
# integrity, syntax or a missing object, a limit exceeded (PostgreSQL's documentation, appendix A).
_OF_THE_ROWS = frozenset({"0A", "22", "23", "42", "54"})


class Overtaken(Exception):
    """Somebody else moved the checkpoint."""


class Defect(Exception):
    """A read model cannot pass the event at `position`. The text holds no value of any field: those are personal."""

    def __init__(self, position: int, problem: str) -> None:
        super().__init__(problem)
        self.position = position

    @classmethod
    def of(cls, event: Recorded, error: Exception) -> "Defect":
        # Of all messages this one shows no value, and says what an operator has to know.
        where = f"({error.reason})" if isinstance(error, UndecodableEvent) else f"at {located(error)}"
        name = f"{event.category}.{event.type} at position {event.position}"
        return cls(event.position, f"{type(error).__name__} {where}, {name}")


def located(error: Exception) -> str:
    """File and line that raised `error`."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"


def is_defect(error: Exception) -> bool:
    """Whether trying the same again is pointless: everything but connections, time-outs and the server's own state."""
    if isinstance(error, asyncpg.PostgresError):
        return str(error.sqlstate)[:2] in _OF_THE_ROWS
    if isinstance(error, asyncpg.InterfaceError):
        return isinstance(error, ValueError)  # a value that asyncpg cannot encode
    return not isinstance(error, OSError | asyncpg.InternalClientError | Overtaken)
