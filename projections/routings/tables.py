"""Tables of the routings read model."""

from sqlalchemy import BigInteger, Column, DateTime, Float, Index, Integer, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from domain.dispatch.statuses import SyncStatus

metadata = MetaData()

routing = Table(
    "routing",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("owner", Uuid, nullable=False),
    Column("job_id", Uuid, nullable=False),
    Column("company_id", Uuid, nullable=False),
    Column("provider_type", Text, nullable=False),
    Column("matching_score", Float, nullable=False),
    Column("matched_skills", JSONB, nullable=False),
    Column("algorithm", Text, nullable=False),
    Column("features", JSONB, nullable=False),
    Column("external_id", Text),
    Column("sync_status", Text, nullable=False),
    Column("retry_count", Integer, nullable=False, default=0),
    Column("claimed_at", DateTime(timezone=True)),
    Column("last_sync_attempt", DateTime(timezone=True)),
    Column("last_synced_at", DateTime(timezone=True)),
    Column("error_message", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)
Index("routing_by_job", routing.c.job_id, routing.c.position)
Index("routing_open", routing.c.company_id, postgresql_where=routing.c.sync_status == SyncStatus.SYNCED.value)
