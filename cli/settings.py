"""Settings for the operator's commands: a bad one ends the command with what it takes."""

import sys
from typing import NoReturn

import click

from infra import logging
from infra.settings import BadSettings, Settings, load

BAD_SETTINGS = 2


def fail(message: str, status: int = 1) -> NoReturn:
    """Say what is wrong on standard error and end with that exit status."""
    click.echo(f"jobstream: {message}", err=True)
    sys.exit(status)


def settings_or_exit() -> Settings:
    """The environment's settings; exit status 2 when one is unknown or has a bad value. Logs go to standard error."""
    try:
        settings = load()
    except BadSettings as problem:
        fail(str(problem), BAD_SETTINGS)
    logging.configure(settings)
    return settings


def kafka_or_exit(settings: Settings) -> str:
    """The brokers; exit status 2 when none are set."""
    if settings.kafka_bootstrap_servers is None:
        fail("KAFKA_BOOTSTRAP_SERVERS is not set; e.g. KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:9092", BAD_SETTINGS)
    return settings.kafka_bootstrap_servers
