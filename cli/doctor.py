"""`jobstream doctor`: what is missing or misconfigured, and how to mend it."""

import asyncio
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

import asyncpg
import click
import orjson
import redis
from aiokafka.errors import KafkaError

from infra import logging
from infra.embedded_postgres import PostgresUnavailable
from infra.mail.registry import mail_provider
from infra.master_key import master_key
from infra.settings import BadSettings, Settings, check_exposure, load
from runtime.system import database_dsn
from streams.topics import check

_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `remedy` says how to mend it when it is not well."""

    name: str
    well: bool
    found: str
    remedy: str | None = None


@click.command()
@click.option("--json", "as_json", is_flag=True, help="JSON instead of lines.")
def doctor(as_json: bool) -> None:
    """Look at everything that a start needs, and say how to mend what is not well.

    \b
    Exit status: 0 all well; 1 something is not.
    Example:
      DATABASE_URL=postgresql://127.0.0.1/jobstream jobstream doctor
    """
    findings = list(_findings())
    if as_json:
        click.echo(orjson.dumps([asdict(finding) for finding in findings]))
    else:
        for finding in findings:
            click.echo(f"{'ok ' if finding.well else 'BAD'} {finding.name:10} {finding.found}")
            if finding.remedy:
                click.echo(f"               → {finding.remedy}")
    sys.exit(0 if all(finding.well for finding in findings) else 1)


def _findings() -> Iterator[Finding]:
    yield Finding("python", True, sys.version.split()[0])
    try:
        settings = load()
        logging.configure(settings)
        check_exposure(settings)
        master_key(settings)
        mail_provider(settings)
    except BadSettings as problem:
        yield Finding("settings", False, str(problem), "see .env.example for every setting and what it takes")
        return
    yield Finding("settings", True, f"state in {settings.jobstream_home}")
    yield _port(settings)
    yield asyncio.run(_postgres(settings))
    if settings.kafka_bootstrap_servers is not None:
        yield asyncio.run(_kafka(settings.kafka_bootstrap_servers, settings.kafka_topic_prefix))
    else:
        yield _java()
    if settings.redis_url is not None:
        yield _redis(settings.redis_url)


def _port(settings: Settings) -> Finding:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            remedy = "stop what listens there, or set another PORT (a running jobstream is fine)"
            return Finding("port", False, f"{settings.host}:{settings.port}: {error.strerror}", remedy)
    return Finding("port", True, f"{settings.host}:{settings.port} is free")


async def _postgres(settings: Settings) -> Finding:
    try:
        async with asyncio.timeout(60), database_dsn(settings, join=True) as dsn:
            connection = await asyncpg.connect(dsn)
            version = await connection.fetchval("show server_version")
            await connection.close()
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, PostgresUnavailable) as error:
        remedy = "check DATABASE_URL and that the server runs, or unset it to use one of our own"
        return Finding("postgresql", False, str(error) or type(error).__name__, remedy)
    return Finding("postgresql", True, f"{version}, migrated{'' if settings.database_url else ' (our own)'}")


async def _kafka(bootstrap: str, prefix: str) -> Finding:
    try:
        async with asyncio.timeout(_SECONDS):
            report = await check(bootstrap, prefix)
    except (KafkaError, OSError, TimeoutError) as error:
        advice = "check KAFKA_BOOTSTRAP_SERVERS and that a broker runs; `make kafka` starts one"
        return Finding("kafka", False, f"{bootstrap}: {type(error).__name__}", advice)
    problems = [problem for topic in report.topics for problem in topic.problems]
    return Finding(
        "kafka", report.ok, "; ".join(problems) or bootstrap, None if report.ok else "jobstream topics apply"
    )


def _java() -> Finding:
    """Needed for a local broker only, so its lack is no fault."""
    java = shutil.which("java")
    if java is None or shutil.which("mvn") is None:
        return Finding("java", True, "no Java 17 with Maven: fine, unless you want `make kafka` or `make run-kafka`")
    version = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr.splitlines()
    return Finding("java", True, version[0] if version else java)


def _redis(url: str) -> Finding:
    client = redis.Redis.from_url(url, socket_timeout=_SECONDS, socket_connect_timeout=_SECONDS)
    try:
        client.ping()
    except redis.RedisError as error:
        where = urlsplit(url).hostname or url
        return Finding("redis", False, f"{where}: {type(error).__name__}", "check REDIS_URL, or unset it")
    return Finding("redis", True, "answers")
