"""Who is connected where. Unlogged: after a crash nobody is connected any more."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute(
        """create unlogged table live_presence (
    process uuid primary key,
    connections integer not null,
    users bigint[] not null,
    channels jsonb not null,
    seen_at timestamptz not null default clock_timestamp()
)"""
    )
