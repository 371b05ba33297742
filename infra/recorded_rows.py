"""Rows of the event store as recorded events."""

from typing import Any
from uuid import UUID

import orjson

from schemas.recorded import Decode, Recorded


def recorded(row: Any, epoch: UUID, decode: Decode) -> Recorded:
    """One row of the events table; `decode` reads its data when a field is asked for."""
    metadata = row["metadata"]
    return Recorded(
        position=row["position"],
        stream_id=row["stream_id"],
        version=row["version"],
        category=row["category"],
        type=row["type"],
        event_id=row["event_id"],
        owner=row["owner"],
        data=row["data"],
        metadata=orjson.loads(metadata) if isinstance(metadata, str) else metadata,
        occurred_at=row["occurred_at"],
        recorded_at=row["recorded_at"],
        epoch=epoch,
        decode=decode,
    )
