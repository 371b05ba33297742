"""Tables of the live updates."""

from sqlalchemy import BigInteger, Column, DateTime, Index, Integer, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

live_update = Table(
    "live_update",
    metadata,
    Column("slot", Integer, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("owner", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("data", JSONB, nullable=False),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
)
Index("live_update_by_position", live_update.c.position)
Index("live_update_by_owner", live_update.c.owner, live_update.c.position)

live_channel = Table(
    "live_channel",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("last_event", DateTime(timezone=True), nullable=False),
)
