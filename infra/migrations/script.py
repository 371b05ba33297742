"""Writes the SQL that leads from a revision (empty: none) to the newest: `python -m infra.migrations.script ""`.

Alembic itself stays off the database: it would need a second driver, or greenlets for ours.
"""

import sys
from io import StringIO
from pathlib import Path

from alembic import command
from alembic.config import Config


def script(revision: str) -> str:
    written = StringIO()
    config = Config(output_buffer=written)
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    command.upgrade(config, f"{revision}:head" if revision else "head", sql=True)
    return written.getvalue()


if __name__ == "__main__":
    sys.stdout.write(script(sys.argv[1]))
