"""Schema of the event store and its sisters. Read models bring their own tables (`projections`)."""

import asyncio
import sys
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
                await connection.execute(await _script(revision))
            log.info("schema migrated", revision=head())
    finally:
        await connection.close()  # and with it the lock


async def _revision(connection: "asyncpg.Connection[asyncpg.Record]") -> str:
    # Asked here and not of Alembic, whose import alone takes longer than a start may when there is nothing to do.
    if await connection.fetchval("select to_regclass('alembic_version')") is None:
        return ""
    return str(await connection.fetchval("select max(version_num) from alembic_version") or "")


async def _script(revision: str) -> str:
    """The SQL that leads from `revision` to `head()`, from a process of its own: Alembic would stay in memory for good,
    10 MB of it, though it is needed once in a database's life.
    """
    module = "infra.migrations.script"
    child = await asyncio.create_subprocess_exec(sys.executable, "-m", module, revision, stdout=asyncio.subprocess.PIPE)
    written, _ = await child.communicate()
    if child.returncode:
        raise RuntimeError(f"python -m {module} ended with status {child.returncode}; see above")
    return written.decode()
