"""Whether the store is what Kafka has seen: a store restored from a backup takes nothing until that is certain."""

from pathlib import Path

from alembic import op

revision = "0005"
down_revision = "0004"

_FOLDER = Path(__file__).parent.parent


def upgrade() -> None:
    op.execute((_FOLDER / "store_proof.sql").read_text())
    op.execute((_FOLDER / "append_events.sql").read_text())
