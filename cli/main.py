"""`jobstream`: every command of the operator, one module a group."""

import click

from cli import roles


@click.group()
def main() -> None:
    """jobstream: service jobs and job search as events, on Kafka and PostgreSQL.

    \b
    Example:
      jobstream serve
    """


main.add_command(roles.serve)
