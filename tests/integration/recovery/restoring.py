"""A system over Kafka whose database is backed up by pg_dump and restored from it."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import orjson

from infra.embedded_postgres import binaries
from runtime.parts import Background, start_relay, store_feed
from streams import topics
from streams.relay_record import committed_record
from tests.running import KEY, Running, running, until

_EVENTS = """select position, stream_id, version, category, type, event_id, owner, data, metadata, occurred_at,
    recorded_at, command_id, command_last from events order by position"""


@dataclass(frozen=True)
class Installation:
    """Where a system is: its database by a name that outlives a restore, and its topics."""

    dsn: str
    home: Path
    kafka: str
    prefix: str

    @property
    def settings(self) -> dict[str, str]:
        return {"KAFKA_BOOTSTRAP_SERVERS": self.kafka, "KAFKA_TOPIC_PREFIX": self.prefix}

    @asynccontextmanager
    async def serving(self, prefix: str | None = None) -> AsyncIterator[Running]:
        """As `jobstream serve` with Kafka; at the end everything is relayed and folded."""
        settings = self.settings | ({"KAFKA_TOPIC_PREFIX": prefix} if prefix else {})
        await topics.apply(self.kafka, settings["KAFKA_TOPIC_PREFIX"])
        async with (
            running(self.dsn, self.home, timers=False, **settings) as there,
            store_feed(there.system) as feed,
            Background(_failed) as background,
        ):
            start_relay(there.system, feed, background)
            yield there
            await self.quiet(there, settings["KAFKA_TOPIC_PREFIX"])

    async def quiet(self, there: Running, prefix: str) -> None:
        async def relayed() -> bool:
            head = await there.system.store.head()
            record = await committed_record(self.kafka, prefix)
            return record is not None and record.position == head

        await until(relayed, 60)
        await there.system.caught_up(await there.system.store.head())

    async def relayed_events(self) -> list[tuple[Any, ...]]:
        """Without what an agent appended last, when the relay had stopped already."""
        record = await committed_record(self.kafka, self.prefix)
        assert record is not None
        return (await self.events())[: record.position]

    async def events(self) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await self.fetch(_EVENTS)]

    async def fetch(self, query: str, *arguments: Any) -> list[Any]:
        connection = await asyncpg.connect(self.dsn)
        try:
            return list(await connection.fetch(query, *arguments))
        finally:
            await connection.close()

    async def back_up(self) -> Path:
        file = self.home / "backup"
        await _run(binaries() / "pg_dump", "--format=custom", f"--file={file}", f"--dbname={self.dsn}")
        return file

    async def restore(self, backup: Path) -> None:
        """In place of the database, whoever uses it."""
        server, name = self.dsn.replace(_name(self.dsn), "postgres"), _name(self.dsn)
        connection = await asyncpg.connect(server)
        await connection.execute(f"drop database {name} with (force)")
        await connection.execute(f"create database {name} template template0")
        await connection.close()
        await _run(binaries() / "pg_restore", "--no-owner", f"--dbname={self.dsn}", str(backup))

    async def command(self, *arguments: str) -> tuple[int, Any, str]:
        """Exit status, what is answered in JSON, and what is said on standard error."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "cli", *arguments),
            env=os.environ
            | {"DATABASE_URL": self.dsn, "MASTER_KEY": KEY, "JOBSTREAM_HOME": str(self.home)}
            | self.settings,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, errors = await process.communicate()
        return await process.wait(), orjson.loads(output or "null"), errors.decode()


def _name(dsn: str) -> str:
    return dsn.partition("@/")[2].partition("?")[0]


def _failed() -> None:
    raise AssertionError("a part of the system failed")


async def _run(program: Path, *arguments: str) -> None:
    process = await asyncio.create_subprocess_exec(program, *arguments, stderr=asyncio.subprocess.PIPE)
    _, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
