"""Sequences of the integer ids."""

from alembic import op

revision = "0004"
down_revision = "0003"

KINDS = ("job", "interview", "offer", "note", "follow_up")


def upgrade() -> None:
    for kind in KINDS:
        op.execute(f"create sequence {kind}_numbers")
