"""Which events connected clients are told of, and what.

A fold only writes rows; sending is the web sockets' business, which remember how far they have come. So folding again
makes the same rows and sends nothing.

An event makes one row at most, so that its position is enough to go on after. Of the log's last `KEPT` positions every
row is there: a row's place is its position modulo `KEPT`, where the next one of that place takes it over. That bounds
the table without anything that depends on when it is tidied up.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from projections.live_updates.tables import live_channel, live_update
from projections.read_model import ReadModel
from projections.rows import Rows
from schemas.recorded import Recorded

live_updates = ReadModel("live_updates", version=1, tables=[live_update, live_channel])

KEPT = 100_000
EVERYBODY = UUID(int=0)


def _tell(rows: Rows, event: Recorded, kind: str, channel: str, owner: UUID, data: Mapping[str, Any]) -> None:
    rows.upsert(
        live_update,
        event.position % KEPT,
        position=event.position,
        owner=owner,
        kind=kind,
        channel=channel,
        data=data,
        occurred_at=event.occurred_at,
    )
    rows.upsert(live_channel, channel, last_event=event.occurred_at)


@live_updates.on("Announced")
def announced(rows: Rows, event: Recorded) -> None:
    _tell(
        rows,
        event,
        "announced",
        event["channel"],
        EVERYBODY,
        {"message": event["message"], "severity": event["severity"]},
    )
