"""One call of the SQL function `append_events`: a batch of appends as arrays, and its answer."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg

from infra.append import Appended, CheckedAppend, Status

CALL = (
    "select base, conflicts, duplicates, firsts, lasts from append_events("
    + ", ".join(f"${number}" for number in range(1, 26))
    + ")"
)

# A landed append is known by its first event: ids are never used twice, and an append lands as a whole.
LANDED = """
    select given.number, e.position
    from unnest($1::integer[], $2::uuid[], $3::integer[], $4::uuid[]) given(number, stream_id, version, event_id)
    join events e on e.stream_id = given.stream_id and e.version = given.version and e.event_id = given.event_id
"""


def arguments(epoch: UUID, batch: Sequence[CheckedAppend]) -> list[Any]:
    """The batch as arrays. Their order is the parameters' in `append_events.sql`."""
    appends = [checked.append for checked in batch]
    events = [event for append in appends for event in append.events]
    return [
        epoch,
        [checked.metadata for checked in batch],
        [number for number, append in enumerate(appends, 1) for _ in append.events],
        [event.stream_id for event in events],
        [event.version for event in events],
        [event.category for event in events],
        [event.type for event in events],
        [event.event_id for event in events],
        [event.owner for event in events],
        [event.data for event in events],
        [event.occurred_at for event in events],
        *_commands(batch, len(events)),
        *_columns([(n, *head) for n, checked in enumerate(batch, 1) for head in checked.heads], 3),
        *_columns([(n, i.key, i.body_hash, i.result) for n, a in enumerate(appends, 1) if (i := a.idempotency)], 4),
        *_columns([(n, key.subject, key.wrapped) for n, a in enumerate(appends, 1) for key in a.subject_keys], 3),
        *_columns([(n, subject) for n, a in enumerate(appends, 1) for subject in a.erase], 2),
    ]


def _commands(batch: Sequence[CheckedAppend], events: int) -> tuple[list[UUID | None], list[int | None]]:
    """Per event: the command id, and how many events of its append follow; on the first of each append only."""
    commands: list[UUID | None] = [None] * events
    extents: list[int | None] = [None] * events
    place = 0
    for checked in batch:
        append = checked.append
        if append.command_id is not None:
            commands[place] = append.command_id
            extents[place] = len(append.events) - 1
        place += len(append.events)
    return commands, extents


def _columns(rows: list[tuple[Any, ...]], width: int) -> list[Sequence[Any]]:
    return list(zip(*rows, strict=True)) if rows else [()] * width


def outcomes(batch: Sequence[CheckedAppend], answer: asyncpg.Record) -> list[Appended]:
    """What became of each append of the batch."""
    refused = {number: Appended(Status.CONFLICT, 0, 0) for number in answer["conflicts"]}
    # A repeated command mostly meets its own events first: it is a duplicate, not a conflict.
    for number, first, last in zip(answer["duplicates"], answer["firsts"], answer["lasts"], strict=True):
        refused[number] = Appended(Status.DUPLICATE, first, last)
    position = int(answer["base"])
    result = []
    for number, checked in enumerate(batch, 1):
        outcome = refused.get(number)
        if outcome is None:
            outcome = landed(checked, position + 1)
            position += len(checked.append.events)
        result.append(outcome)
    return result


def landed(checked: CheckedAppend, first: int) -> Appended:
    """The outcome of an append whose first event has this position."""
    count = len(checked.append.events)
    return Appended(Status.OK, first, first + count - 1) if count else Appended(Status.OK, 0, 0)
