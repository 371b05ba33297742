"""Schema of the event store and its sisters. Read models bring their own tables (`projections`)."""

from io import StringIO
from pathlib import Path

import asyncpg
import structlog

log = structlog.get_logger(__name__)

_FOLDER = Path(__file__).parent
_LOCK = 0x6A6F6201  # advisory lock of whoever migrates


def head() -> str:
    """The newest revision this code knows: the number that starts the name of the last file in `versions`."""
    return max(path.name[:4] for path in (_FOLDER / "versions").glob("[0-9]*.py"))


async def migrate(dsn: str) -> None:
    """Bring the database's schema to `head()`; several processes may do so at once.

    A newer schema is left as it is: migrations only add, so that older code goes on during and after a deployment.
    Raises what asyncpg raises.
    """
    connection = await asyncpg.connect(dsn)
    try:
        if await _revision(connection) >= head():
            return
        await connection.execute("select pg_advisory_lock($1)", _LOCK)
        revision = await _revision(connection)
        if revision < head():
            async with connection.transaction():
                await connection.execute(_script(revision))
            log.info("schema migrated", revision=head())
    finally:
        await connection.close()  # and with it the lock


async def _revision(connection: "asyncpg.Connection[asyncpg.Record]") -> str:
    # Asked here and not of Alembic, whose import alone takes longer than a start may when there is nothing to do.
    if await connection.fetchval("select to_regclass('alembic_version')") is None:
        return ""
    return str(await connection.fetchval("select max(version_num) from alembic_version") or "")


def _script(revision: str) -> str:
    """The SQL that leads from `revision` to `head()`. Alembic itself stays off the database: it would need a second
    driver, or greenlets for ours.
    """
    from alembic import command
    from alembic.config import Config

    written = StringIO()
    config = Config(output_buffer=written)
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    command.upgrade(config, f"{revision}:head" if revision else "head", sql=True)
    return written.getvalue()
