"""A place in the log as an operator names it: a position, or a time."""

from datetime import UTC, datetime
from typing import TypeAlias

import click

from infra.event_store import EventStore

Moment: TypeAlias = int | datetime


class MomentType(click.ParamType):
    """A position, or an ISO 8601 time; one without an offset is taken for UTC."""

    name = "position|time"

    def convert(self, value: str | Moment, param: click.Parameter | None, ctx: click.Context | None) -> Moment:
        if not isinstance(value, str):
            return value
        if value.isascii() and value.isdigit():
            return int(value)
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is neither a position nor a time like 2026-11-22T22:39:36Z", param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


MOMENT = MomentType()


async def first_position(store: EventStore, moment: Moment) -> int:
    """The position itself, or the first one that was recorded at that time or later."""
    return await store.position_at(moment) if isinstance(moment, datetime) else max(1, moment)


async def last_position(store: EventStore, moment: Moment) -> int:
    """The position itself, or the last one that was recorded before that time."""
    return await store.position_at(moment) - 1 if isinstance(moment, datetime) else moment
