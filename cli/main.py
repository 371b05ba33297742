"""`jobstream`: every command of the operator, one module a group."""

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import version as installed

import click

# Loaded when asked for: what serving needs takes a second to import. `module`, or `module:name` where the command's
# name is no name in Python.
COMMANDS: Mapping[str, str] = {
    "serve": "cli.roles",
    "api": "cli.roles",
    "relay": "cli.roles",
    "projector": "cli.roles",
    "agents": "cli.roles",
    "cluster": "cli.cluster",
    "topics": "cli.topics",
    "keys": "cli.keys",
    "replay": "cli.replay",
    "events": "cli.events",
    "as-of": "cli.as_of",
    "schemas": "cli.schemas",
    "lag": "cli.lag",
    "dlq": "cli.dlq",
    "verify": "cli.verify",
    "recover": "cli.recover",
    "erase": "cli.erase",
    "import": "cli.importing.command:import_",
    "mail": "cli.mail",
    "calendar": "cli.calendar",
    "doctor": "cli.doctor",
}


class Commands(click.Group):
    """The commands above beside those registered here."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), name or cmd_name.replace("-", "_"))
        return command


@click.group(cls=Commands)
def main() -> None:
    """jobstream: service jobs and job search as events, on Kafka and PostgreSQL.

    \b
    Example:
      jobstream serve
    """


@main.command()
def version() -> None:
    """The version that is installed.

    \b
    Example:
      jobstream version
    """
    click.echo(installed("jobstream"))
