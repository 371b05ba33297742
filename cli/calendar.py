"""`jobstream calendar`: the account that events are written to."""

import click

from cli.settings import BAD_SETTINGS, fail, settings_or_exit
from infra.calendar.google.token import BadClient, NotConnected, TokenFile
from infra.calendar.google.token import connect as ask


@click.group()
def calendar() -> None:
    """The outside calendar, with CALENDAR_PROVIDER=google.

    \b
    Example:
      jobstream calendar connect
    """


@calendar.command()
@click.option("--browser/--no-browser", default=True, help="Open a browser, or only print the address.")
def connect(browser: bool) -> None:
    """Connect a Google account: asks its owner for leave in a browser on this machine, and keeps the token.

    Needs an OAuth client of type desktop app in the file GOOGLE_CALENDAR_CREDENTIALS; the token is kept beside it.

    \b
    Exit status: 0 connected; 1 leave was not given; 2 the client's file is missing or none.
    Example:
      jobstream calendar connect --no-browser
    """
    client = settings_or_exit().google_calendar_credentials
    try:
        ask(client, browser=browser, told="Open this address in a browser on this machine:\n\n  {url}\n")
    except BadClient as problem:
        fail(str(problem), BAD_SETTINGS)
    except NotConnected as problem:
        fail(f"the account was not connected: {problem}")
    click.echo(f"Connected. The token is in {TokenFile(client).path}; CALENDAR_PROVIDER=google uses it.")
