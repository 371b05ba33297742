"""Who may read whose calendar feed: the hash of a token for each person, replaced when they ask for another."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute(
        """create table calendar_feeds (
    owner uuid primary key,
    hash bytea not null unique,
    created_at timestamptz not null
)"""
    )
