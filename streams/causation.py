"""What caused what: commands, the events that each recorded, and the commands that agents sent because of those.

Everything that one request led to carries its correlation id; an agent's command names the event that caused it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from infra.event_store import ROW, EventStore
from infra.recorded_rows import recorded
from schemas.codec import Codec
from schemas.recorded import Recorded

_OF_THE_STREAM = """where metadata->>'correlation_id' in
    (select metadata->>'correlation_id' from events where stream_id = $1) order by position limit $2"""
_BEGUN = "select event_id from events where position = any($1) and command_id is not null"


@dataclass(frozen=True, slots=True)
class Step:
    """A command with the events of its append. `depth` counts the commands that led to it."""

    correlation_id: str
    command: str
    actor: str
    caused_by: UUID | None
    depth: int
    events: Sequence[Recorded]


@dataclass(frozen=True, slots=True)
class Causes:
    """Cause before effect, effects below their cause. `complete` is false when there are more events than asked for."""

    steps: Sequence[Step]
    complete: bool


async def causes(store: EventStore, codec: Codec, stream_id: UUID, limit: int) -> Causes:
    """Everything that belongs together with a stream's events, at most `limit` events of it, opened."""
    rows = await store.select(ROW + _OF_THE_STREAM, stream_id, limit + 1)
    events = [recorded(row, store.epoch, codec.decode) for row in rows[:limit]]
    await codec.open(events)
    begun = {row["event_id"] for row in await store.look(_BEGUN, [event.position for event in events])}
    return Causes(tuple(_in_order(_appends(events, begun))), len(rows) <= limit)


def _appends(events: Sequence[Recorded], begun: set[UUID]) -> list[list[Recorded]]:
    """The events of one append lie side by side and have one metadata; `begun` are those that began a command."""
    appends: list[list[Recorded]] = []
    for event in events:
        last = appends[-1][-1] if appends else None
        joined = last is not None and event.position == last.position + 1 and event.metadata == last.metadata
        if joined and event.event_id not in begun:
            appends[-1].append(event)
        else:
            appends.append([event])
    return appends


def _in_order(appends: Sequence[list[Recorded]]) -> Iterator[Step]:
    known = {str(event.event_id) for append in appends for event in append}
    effects: dict[str | None, list[list[Recorded]]] = {}
    for append in appends:
        cause = append[0].metadata.get("causation_id")
        effects.setdefault(cause if cause in known else None, []).append(append)
    waiting = [(0, append) for append in reversed(effects.get(None, []))]
    while waiting:
        depth, append = waiting.pop()
        yield _step(append, depth)
        below = [(depth + 1, effect) for event in append for effect in effects.get(str(event.event_id), [])]
        waiting += reversed(below)


def _step(append: Sequence[Recorded], depth: int) -> Step:
    told = append[0].metadata
    cause = told.get("causation_id")
    return Step(
        correlation_id=told.get("correlation_id", ""),
        command=told.get("command", ""),
        actor=told.get("actor", ""),
        caused_by=UUID(cause) if cause else None,
        depth=depth,
        events=append,
    )
