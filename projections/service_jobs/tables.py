"""Tables of the service jobs read model."""

from sqlalchemy import BigInteger, Column, DateTime, Index, Integer, MetaData, Numeric, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

service_job = Table(
    "service_job",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("owner", Uuid, nullable=False),
    Column("summary", Text, nullable=False),
    Column("street", Text, nullable=False),
    Column("city", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("zip_code", Text, nullable=False),
    Column("homeowner_name", Text, nullable=False),
    Column("homeowner_phone", Text),
    Column("homeowner_email", Text),
    Column("company_id", Uuid, nullable=False),
    Column("technician_id", Uuid, nullable=False),
    Column("required_skills", JSONB, nullable=False),
    Column("skill_levels", JSONB, nullable=False),
    Column("category", Text),
    Column("status", Text, nullable=False),
    Column("routings", Integer, nullable=False, default=0),
    Column("revenue", Numeric(12, 2)),
    Column("completed_at", DateTime(timezone=True)),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)
Index("service_job_newest", service_job.c.position.desc())
Index("service_job_newest_by_owner", service_job.c.owner, service_job.c.position.desc())
Index("service_job_unmatched", service_job.c.position, postgresql_where=service_job.c.routings == 0)
