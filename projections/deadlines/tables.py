"""Tables of the deadlines read model."""

from sqlalchemy import Column, DateTime, Index, MetaData, Table, Text, Uuid

metadata = MetaData()

deadline = Table(
    "deadline",
    metadata,
    Column("stream_id", Uuid, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("command_id", Uuid, nullable=False),
    Column("cause", Uuid, nullable=False),
    Column("owner", Uuid, nullable=False),
    Column("correlation_id", Text, nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
)
Index("deadline_due", deadline.c.due_at)
