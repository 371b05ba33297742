"""Tables of the calendar read model."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Index, Integer, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from domain.calendar.kinds import SyncStatus

metadata = MetaData()

# Removed events stay: a calendar program has to be told that they are gone.
calendar_event = Table(
    "calendar_event",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("owner", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("job_number", BigInteger, nullable=False),
    Column("company", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("source_id", Uuid),
    Column("summary", Text, nullable=False),
    Column("starts_at", DateTime(timezone=True), nullable=False),
    Column("ends_at", DateTime(timezone=True), nullable=False),
    Column("all_day", Boolean, nullable=False),
    Column("location", Text),
    Column("description", Text),
    Column("reminders", JSONB, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("removed_for", Text),
    Column("sync_status", Text, nullable=False, default=SyncStatus.PENDING.value),
    Column("sync_error", Text),
    Column("link", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)
Index("calendar_event_by_owner", calendar_event.c.owner, calendar_event.c.starts_at)
Index("calendar_event_by_job", calendar_event.c.job_number, calendar_event.c.starts_at)
Index("calendar_event_by_position", calendar_event.c.position)
