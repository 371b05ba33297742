"""What caused what: commands, the events that each recorded, and the commands that agents sent because of those.

Everything that one request led to carries its correlation id; an agent's command names the event that caused it. A
deadline's command names none, but its id follows from the event that set the deadline.
"""

from collections import defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5

from infra.event_store import ROW, EventStore
from infra.recorded_rows import recorded
from schemas.codec import Codec
from schemas.recorded import Recorded
from streams.deadlines import COMMANDS

_OF_THE_STREAM = """where metadata->>'correlation_id' in
    (select metadata->>'correlation_id' from events where stream_id = $1) order by position limit $2"""
_COMMANDS = "select event_id, command_id from events where position = any($1) and command_id is not null"


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
    found = await store.look(_COMMANDS, [event.position for event in events])
    commands = {row["event_id"]: row["command_id"] for row in found}
    steps = _in_order(_appends(events, commands), _causes_of(events, commands))
    return Causes(tuple(steps), len(rows) <= limit)


def _causes_of(events: Sequence[Recorded], commands: Mapping[UUID, UUID]) -> dict[UUID, UUID]:
    """What caused an append, by its first event: as it says itself, or by way of a deadline."""
    # The ids are those that the read model of deadlines gives out.
    of_deadlines = {uuid5(event.event_id, kind): event.event_id for event in events for kind in COMMANDS}
    found: dict[UUID, UUID] = {}
    for event in events:
        if cause := event.metadata.get("causation_id"):
            found[event.event_id] = UUID(cause)
        elif (command := commands.get(event.event_id)) in of_deadlines:
            found[event.event_id] = of_deadlines[command]
    return found


def _appends(events: Sequence[Recorded], begun: Container[UUID]) -> list[list[Recorded]]:
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


def _in_order(appends: Sequence[Sequence[Recorded]], causes_of: Mapping[UUID, UUID]) -> Iterator[Step]:
    known = {event.event_id for append in appends for event in append}
    effects: defaultdict[UUID | None, list[Sequence[Recorded]]] = defaultdict(list)
    for append in appends:
        cause = causes_of.get(append[0].event_id)
        effects[cause if cause in known else None].append(append)
    waiting = [(0, append) for append in reversed(effects[None])]
    while waiting:
        depth, append = waiting.pop()
        yield _step(append, causes_of.get(append[0].event_id), depth)
        below = [(depth + 1, effect) for event in append for effect in effects.get(event.event_id, [])]
        waiting += reversed(below)


def _step(append: Sequence[Recorded], caused_by: UUID | None, depth: int) -> Step:
    told = append[0].metadata
    return Step(
        correlation_id=told.get("correlation_id", ""),
        command=told.get("command", ""),
        actor=told.get("actor", ""),
        caused_by=caused_by,
        depth=depth,
        events=append,
    )
