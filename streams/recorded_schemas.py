"""Whether the schemas here read what is recorded: every schema id in the store, by events that were written with it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from infra.counted import counted
from infra.event_store import ROW, EventStore
from infra.recorded_rows import recorded
from schemas.codec import Codec, KeyNotLoaded, UndecodableEvent, schema_id
from schemas.ids import BadSchemaList
from schemas.registry import BadSchema, Registry

_USED = """select substring(data from 1 for 5) as prefix, category || '.' || type as type, count(*) as events,
        min(position) as first, max(position) as last
    from events group by 1, 2 order by min(position)"""


@dataclass(frozen=True, slots=True)
class Used:
    """The events of a type that name the schema `id`; None where their bytes name none."""

    id: int | None
    type: str
    events: int
    first: int
    last: int

    def __str__(self) -> str:
        return f"{counted(self.events, 'event')} of {self.type}, the first at {self.first}"


async def used_schemas(store: EventStore) -> list[Used]:
    """By one look at all events."""
    rows = await store.look(_USED)
    return [Used(schema_id(bytes(row["prefix"])), *list(row.values())[1:]) for row in rows]


async def unreadable(store: EventStore, codec: Codec, registry: Registry) -> AsyncIterator[str]:
    """Why what is recorded cannot be read here: the first and the last event of each schema are tried."""
    for used in await used_schemas(store):
        schema = None if used.id is None else registry.by_id(used.id)
        if used.id is None:
            yield f"{used}: their bytes name no schema"
        elif schema is None:
            yield f"{used}: schema id {used.id} is unknown here; a newer release may have written it"
        elif schema.type != used.type:
            yield f"{used}: schema id {used.id} is {schema}"
        else:
            for position in sorted({used.first, used.last}):
                if problem := await _tried(store, codec, position):
                    yield problem


async def _tried(store: EventStore, codec: Codec, position: int) -> str | None:
    [row] = await store.select(ROW + "where position = $1", position)
    event = recorded(row, store.epoch, codec.decode)
    await codec.open([event])
    try:
        event.payload  # noqa: B018 (decoded when asked for)
    except (UndecodableEvent, KeyNotLoaded, BadSchema, BadSchemaList) as problem:
        return str(problem)
    return None
