"""`jobstream erase`: a person asks to be forgotten."""

from uuid import UUID

import click

from cli.connected import with_system
from commands.bus import Envelope
from commands.identity import EraseSubject
from runtime.system import System


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

    async def carry_out(system: System) -> int:
        envelope = Envelope("operator", subject, str(subject), any_owner=True)
        return (await system.bus.send(EraseSubject(subject, reason), envelope)).last

    position = with_system(carry_out)
    click.echo(f"erased at position {position}" if position else "was erased before")
