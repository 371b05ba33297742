"""The log as an operator looks into it: from one position to another, and only what they ask for."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from infra.event_store import ROW, EventStore, Row

# A query's positions: however rarely something fits, each query is short, and its rows are few.
WINDOW = 5000

_TOTALS = """select category, type, count(*) as number, sum(length(data))::bigint, min(recorded_at), max(recorded_at)
    from events where position between $1 and $2 group by category, type order by number desc, category, type"""


@dataclass(frozen=True, slots=True)
class Selection:
    """The events that fit everything that is given. A type is `<Event>`, or `<context>.<Event>`."""

    contexts: Sequence[str] = ()
    types: Sequence[str] = ()
    streams: Sequence[UUID] = ()
    actors: Sequence[str] = ()

    def condition(self, number: int) -> tuple[str, list[object]]:
        """The condition in SQL, and its parameters, which count from `number`."""
        parts = {
            "category = any(${}::text[])": self.contexts,
            "(type = any(${0}::text[]) or category || '.' || type = any(${0}::text[]))": self.types,
            "stream_id = any(${}::uuid[])": self.streams,
            "metadata->>'actor' = any(${}::text[])": self.actors,
        }
        given = [(text, list(values)) for text, values in parts.items() if values]
        texts = [text.format(place) for place, (text, _) in enumerate(given, start=number)]
        return "".join(f" and {text}" for text in texts), [values for _, values in given]


@dataclass(frozen=True, slots=True)
class Total:
    """How many events of a type there are in a range, their bytes, and when the first and the last was recorded."""

    context: str
    type: str
    events: int
    bytes: int
    first_at: datetime
    last_at: datetime


async def totals(store: EventStore, first: int, last: int) -> list[Total]:
    """The totals of each type between two positions, both included, the most frequent first."""
    return [Total(*row.values()) for row in await store.look(_TOTALS, first, last)]


@dataclass(frozen=True, slots=True)
class Window:
    """The selected rows after one position and up to `until`, in their order."""

    rows: Sequence[Row]
    until: int


class History:
    """What is in the log, window by window, so that it may be of any length."""

    def __init__(self, store: EventStore) -> None:
        self._store = store

    async def forwards(self, selection: Selection, after: int, upto: int, size: int = WINDOW) -> AsyncIterator[Window]:
        """The windows after `after` and up to `upto`, each of `size` positions; the rows of some may be none."""
        while after < upto:
            until = min(after + size, upto)
            yield Window(await self._rows(selection, after, until), until)
            after = until

    async def latest(self, selection: Selection, count: int, upto: int) -> Sequence[Row]:
        """The last `count` selected rows up to `upto`, in their order."""
        found: list[Row] = []
        while upto > 0 and len(found) < count:
            after = max(0, upto - WINDOW)
            found = [*await self._rows(selection, after, upto), *found]
            upto = after
        return found[-count:] if count else []

    async def _rows(self, selection: Selection, after: int, until: int) -> Sequence[Row]:
        condition, parameters = selection.condition(3)
        return await self._store.select(
            f"{ROW} where position > $1 and position <= $2{condition} order by position", after, until, *parameters
        )
