"""Event store, and what is kept beside it in the same transactions."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None

_FOLDER = Path(__file__).parent.parent


def upgrade() -> None:
    op.execute((_FOLDER / "tables.sql").read_text())
    op.execute((_FOLDER / "append_events.sql").read_text())
