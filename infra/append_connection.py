"""The append lane's own connection: made when needed, given up when in doubt."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg

from infra.append import Appended, CheckedAppend, EpochMismatch, StoreHalted, StoreRecovered
from infra.append_call import CALL, LANDED, arguments, landed, outcomes
from infra.database_errors import DATABASE_ERRORS

_CALL_SECONDS = 30.0
_CONNECT_SECONDS = 10.0

# Plans are cached for the connection's life, the first while the tables are still empty: a plan that is right then
# (read it all) is a disaster later. Only the indexes are right at every size.
_SESSION = {
    "application_name": "jobstream append",
    "default_transaction_isolation": "read committed",
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
}

# The server took the connection away, or can no longer write (a failover): the next connection may be better.
_TAKEN_AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InternalClientError,
)


class ConnectionLost(Exception):
    """There is no connection. When a call had been `sent`, its outcome is unknown."""

    def __init__(self, sent: bool, reason: BaseException) -> None:
        super().__init__(f"{type(reason).__name__}: {reason}")
        self.sent = sent


class StoreUnproven(Exception):
    """A relay has to compare the store with Kafka first. Nothing was stored; mostly it takes a second."""


class AppendConnection:
    """Makes the calls, one at a time."""

    def __init__(self, dsn: str, recoveries: int = 0) -> None:
        """`recoveries`: how many the store had gone through when this process first read from it."""
        self._dsn = dsn
        self._session = _SESSION | {"jobstream.recoveries": str(recoveries)}
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None

    async def append(self, epoch: UUID, batch: Sequence[CheckedAppend]) -> list[Appended]:
        """Store the batch; answer what became of each append.

        Raises `ConnectionLost`, or, when nothing of the batch was stored, `EpochMismatch`, `StoreHalted`,
        `StoreUnproven` or what else the call raised.
        """
        try:
            answers = await self._fetch(CALL, arguments(epoch, batch))
        except asyncpg.PostgresError as error:
            match error.sqlstate:
                case "JS001":
                    raise EpochMismatch(epoch, str(error.detail)) from None
                case "JS002":
                    raise StoreRecovered(epoch) from None
                case "JS003":
                    raise StoreHalted(str(error.detail)) from None
                case "JS004":
                    raise StoreUnproven from None
            raise
        return outcomes(batch, answers[0])

    async def landed(self, batch: Sequence[CheckedAppend]) -> list[Appended | None]:
        """For each append its outcome if it is stored, by the id of its first event. Raises `ConnectionLost`."""
        firsts = [(number, c.append.events[0]) for number, c in enumerate(batch) if c.append.events]
        columns = zip(*((n, e.stream_id, e.version, e.event_id) for n, e in firsts), strict=True)
        found = {row["number"]: row["position"] for row in await self._fetch(LANDED, list(columns))} if firsts else {}
        return [landed(checked, found[number]) if number in found else None for number, checked in enumerate(batch)]

    async def close(self) -> None:
        """End the connection; the next call would make another."""
        if self._connection is not None:
            await self._connection.close(timeout=_CONNECT_SECONDS)
            self._connection = None

    async def _fetch(self, query: str, values: Sequence[Any]) -> list[asyncpg.Record]:
        connection = self._connection
        if connection is None or connection.is_closed():
            connection = await self._connect()
        try:
            return await connection.fetch(query, *values, timeout=_CALL_SECONDS)
        except Exception as error:
            if isinstance(error, _TAKEN_AWAY) or connection.is_closed():
                connection.terminate()
                self._connection = None
                raise ConnectionLost(True, error) from error
            raise

    async def _connect(self) -> "asyncpg.Connection[asyncpg.Record]":
        try:
            self._connection = await asyncpg.connect(
                self._dsn, timeout=_CONNECT_SECONDS, server_settings=self._session, max_cached_statement_lifetime=0
            )
        except DATABASE_ERRORS as error:
            raise ConnectionLost(False, error) from error
        return self._connection
