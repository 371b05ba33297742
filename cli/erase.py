"""`jobstream erase`: a person asks to be forgotten."""

import asyncio
from uuid import UUID

import click

from cli.settings import fail, settings_or_exit
from commands.bus import Envelope
from commands.identity import EraseSubject
from infra.embedded_postgres import PostgresUnavailable
from runtime.system import database_dsn, open_system


@click.command()
@click.argument("subject", type=click.UUID)
@click.option("--reason", required=True, help="Why; recorded with the erasure. Name nobody in it.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase(subject: UUID, reason: str, yes: bool) -> None:
    """Destroy a subject's key: their personal fields become unreadable in every event, topic and backup.

    A homeowner's subject is the id of the service job, a technician's is their own id. Not reversible.

    \b
    Example:
      jobstream erase 01a2054f-19dc-72c0-8483-4c12dec9b5d9 --reason "asked by e-mail"
    """
    if not yes:
        click.confirm(f"Erase {subject}? This cannot be undone", abort=True)
    settings = settings_or_exit()

    async def run() -> int:
        async with database_dsn(settings, join=True) as dsn, open_system(settings, dsn) as system:
            envelope = Envelope("operator", subject, str(subject), any_owner=True)
            return (await system.bus.send(EraseSubject(subject, reason), envelope)).last

    try:
        position = asyncio.run(run())
    except PostgresUnavailable as problem:
        fail(str(problem))
    click.echo(f"erased at position {position}" if position else "was erased before")
