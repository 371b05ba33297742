"""Tables of the companies read model."""

from sqlalchemy import Boolean, Column, DateTime, Index, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

company = Table(
    "company",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("owner", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("provider_type", Text, nullable=False),
    Column("skills", JSONB, nullable=False),
    Column("categories", JSONB, nullable=False),
    Column("states", JSONB, nullable=False),
    Column("zip_prefixes", JSONB, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("credentials_ref", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)
# Ids are made in the order of time, so they serve as the order of lists.
Index("company_by_owner", company.c.owner, company.c.id)

technician = Table(
    "technician",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("owner", Uuid, nullable=False),
    Column("company_id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("email", Text),
    Column("phone", Text),
    Column("skills", JSONB, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)
Index("technician_by_company", technician.c.company_id, technician.c.id)
