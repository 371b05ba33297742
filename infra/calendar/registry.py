"""The provider that the settings name."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from infra.calendar.provider import Provider
from infra.outbound import Outbound
from infra.outbound.http import on_loopback
from infra.settings import Settings

# How long an answer may take is the wrapper's business; these two say in time that nothing was sent.
_TIMEOUT = httpx.Timeout(None, connect=5.0, pool=5.0)


@asynccontextmanager
async def calendar_provider(settings: Settings) -> AsyncIterator[Provider | None]:
    """The outside calendar, until the block ends; None for our own, which has every event already."""
    if settings.calendar_provider == "local":
        yield None
        return
    from infra.calendar import google  # with all of Google's sign-in: not for those who do not use it
    from infra.calendar.google.token import TokenFile

    root = settings.google_calendar_url.rstrip("/") + "/"
    # A proxy of the environment is meant for the outside.
    async with httpx.AsyncClient(base_url=root, timeout=_TIMEOUT, trust_env=not on_loopback(root)) as client:
        session = google.Session(client, TokenFile(settings.google_calendar_credentials))
        yield google.GoogleCalendar(session, settings.google_calendar_id, Outbound(google.SYSTEM))
