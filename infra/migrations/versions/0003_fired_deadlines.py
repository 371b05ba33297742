"""Deadlines that were fired: kept apart from the read model, which a rebuild makes anew."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute(
        """create table fired_deadlines (
    command_id uuid primary key,
    fired_at timestamptz not null default clock_timestamp()
)"""
    )
