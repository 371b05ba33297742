"""Which system a command talks to, and that it says so."""

from pathlib import Path

import asyncpg

from infra.embedded_postgres import EmbeddedPostgres
from tests.fault.processes.program import program
from tests.jobstream import jobstream


async def test_a_command_joins_the_embedded_server_of_a_running_process_and_says_so(tmp_path: Path) -> None:
    async with program("serve", tmp_path) as serve:
        await serve.ready()
        home = tmp_path / "state"
        ended = await jobstream("lag", "--json", JOBSTREAM_HOME=str(home))
    where = f"embedded PostgreSQL in {home}, beside process {serve.pid}"
    assert ended.status == 0
    assert ended.errors.splitlines()[-1] == f"jobstream: {where}; no Kafka"
    assert {each["error"] for each in ended.json} == {None}


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


async def test_tables_that_are_not_those_of_the_release_are_named(database: str) -> None:
    assert (await jobstream("lag", DATABASE_URL=database)).status == 0
    connection = await asyncpg.connect(database)
    await connection.execute("comment on schema routings_v1 is 'made by another release'")
    await connection.close()
    for command in ("lag", "api"):
        ended = await jobstream(command, DATABASE_URL=database)
        assert ended.status == 1
        assert ended.errors.endswith(
            "jobstream: the tables of routings_v1 were changed without raising the read model's version\n"
        )
