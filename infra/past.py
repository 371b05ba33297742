"""An aggregate as it was: its events up to a position, folded by its own class."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from eventsourcing.domain import CanInitAggregate

from domain.aggregate import Aggregate
from infra.aggregates import domain_event
from infra.disclosure import Disclosure
from infra.event_store import ROW, EventStore
from infra.recorded_rows import recorded
from schemas.codec import Codec
from schemas.recorded import Recorded

_UPTO = "where stream_id = $1 and position <= $2 order by version"


class UnknownKind(Exception):
    """No aggregate begins with an event of this type: another release wrote it."""

    def __init__(self, type: str) -> None:
        super().__init__(f"no aggregate here begins with {type}")


@dataclass(frozen=True, slots=True)
class Past:
    """An aggregate's state, by its attributes, after its event `last`. `kind` is its topic."""

    kind: str
    state: dict[str, Any]
    last: Recorded


async def as_of(store: EventStore, codec: Codec, shown: Disclosure, stream_id: UUID, upto: int) -> Past | None:
    """The aggregate after what was recorded up to a position; None when its stream had not begun.

    What is not to be shown is masked before it is folded, so that the state cannot hold it under another name.
    Raises `UnknownKind`, and `UndecodableEvent`, `KeyNotLoaded` for an event that cannot be read.
    """
    rows = await store.select(ROW + _UPTO, stream_id, upto)
    if not rows:
        return None
    events = [recorded(row, store.epoch, codec.decode) for row in rows]
    await codec.open(events)
    kind = _kind_of(f"{events[0].category}.{events[0].type}")
    aggregate: Aggregate | None = None
    for event in events:
        aggregate = domain_event(_disclosed(event, shown), kind).mutate(aggregate)
    state = {name: value for name, value in vars(aggregate).items() if not name.startswith("_")}
    return Past(kind.TOPIC, state, events[-1])


def _disclosed(event: Recorded, shown: Disclosure) -> Recorded:
    payload = shown.payload(event)
    return replace(event, decode=lambda _: payload)


def _kind_of(type: str) -> type[Aggregate]:
    """The aggregate whose streams begin with events of the type `<context>.<Event>`."""
    for kind in _kinds(Aggregate):
        if any(_begins(made, type) for made in vars(kind).values()):
            return kind
    raise UnknownKind(type)


def _kinds(above: type[Aggregate]) -> Iterator[type[Aggregate]]:
    for kind in above.__subclasses__():
        yield kind
        yield from _kinds(kind)


def _begins(made: object, type_: str) -> bool:
    return isinstance(made, type) and issubclass(made, CanInitAggregate) and getattr(made, "TOPIC", None) == type_
