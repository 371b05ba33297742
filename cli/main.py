"""`jobstream`: every command of the operator, one module a group."""

from importlib.metadata import version as installed

import click

from cli.dlq import dlq
from cli.doctor import doctor
from cli.keys import keys
from cli.roles import serve
from cli.topics import topics


@click.group()
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


for command in (serve, topics, keys, dlq, doctor):
    main.add_command(command)
