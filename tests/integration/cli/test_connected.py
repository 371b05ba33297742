"""Which system a command talks to, and that it says so."""

import os
from pathlib import Path

from infra.embedded_postgres import EmbeddedPostgres
from tests.jobstream import jobstream


async def test_a_command_joins_the_embedded_server_of_a_running_process_and_says_so(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "postgres")
    await server.start()
    try:
        ended = await jobstream("dlq", "list", JOBSTREAM_HOME=str(tmp_path))
    finally:
        await server.stop()
    assert (ended.status, ended.output) == (0, "0 parked\n")
    where = f"embedded PostgreSQL in {tmp_path}, beside process {os.getpid()}"
    assert ended.errors.splitlines()[-1] == f"jobstream: {where}; no Kafka"


async def test_a_command_alone_starts_the_embedded_server_for_as_long_as_it_runs(tmp_path: Path) -> None:
    ended = await jobstream("keys", "list", JOBSTREAM_HOME=str(tmp_path))
    assert ended.status == 0
    assert f"embedded PostgreSQL in {tmp_path}, started for this; no Kafka" in ended.errors
    assert EmbeddedPostgres(tmp_path / "postgres").running_elsewhere() is None


async def test_a_command_names_database_and_brokers_without_the_password(database: str) -> None:
    secret = database.replace("postgres@", "postgres:quite-secret@")
    ended = await jobstream("dlq", "list", DATABASE_URL=secret, KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:9092")
    name = database.partition("@/")[2].partition("?")[0]
    assert ended.status == 0
    assert f"/{name}; Kafka at 127.0.0.1:9092" in ended.errors
    assert "quite-secret" not in ended.errors
