"""Brings events into the outside calendar."""

import asyncio
from datetime import timedelta

import structlog

from commands.bus import Streams
from commands.calendar import ClaimCalendarSync, RecordCalendarSync, RecordCalendarSyncFailure
from domain.calendar.calendar_event import CalendarEvent, NothingToSync, SyncBusy
from infra.calendar.provider import Entry, Provider
from infra.outbound import OutboundError, Refused
from schemas.recorded import Recorded
from streams.agent import Agent, Send

log = structlog.get_logger(__name__)

# A claim outlives the longest call by a margin, so that nobody else starts while a call may still be under way.
CALL_SECONDS = 60.0
LEASE = timedelta(seconds=75)


class CalendarSync:
    """Claims an event, looks it up in the outside calendar, makes it what it should be, and records what came of it."""

    def __init__(self, streams: Streams, provider: Provider, worker: str) -> None:
        self._streams, self._provider, self._worker = streams, provider, worker

    def agent(self) -> Agent:
        agent = Agent("calendar_sync", contexts=("calendar",))
        agent.on("CalendarEventScheduled", "CalendarEventMoved", "CalendarEventRemoved")(self.synchronise)
        agent.on("CalendarEventRestored", "CalendarSyncRequested")(self.synchronise)
        return agent

    async def synchronise(self, event: Recorded, send: Send) -> None:
        """At most one claim per event. After a crash the claim's lease runs out, and its deadline asks again."""
        id = event.stream_id
        try:
            claim = await send(ClaimCalendarSync(id, self._worker, LEASE), id)
        except (SyncBusy, NothingToSync) as reason:
            log.info("calendar event needs no attempt", event_id=str(id), reason=type(reason).__name__)
            return
        if not claim.duplicate:
            await self._attempt(await self._streams.read(CalendarEvent, id), claim.result, send)

    async def _attempt(self, event: CalendarEvent, attempt: int, send: Send) -> None:
        id, revision = event.id, event.revision
        try:
            async with asyncio.timeout(CALL_SECONDS):
                link = await self._show(event)
        except (OutboundError, TimeoutError) as error:
            failure = RecordCalendarSyncFailure(id, attempt, _told(error), permanent=isinstance(error, Refused))
            await send(failure, id)
            return
        await send(RecordCalendarSync(id, revision, attempt, link), id)

    async def _show(self, event: CalendarEvent) -> str | None:
        """Has the outside calendar show the event as it is; a page that does, unless it is removed."""
        if event.removed:
            await self._provider.remove(event.id)
            return None
        known = await self._provider.find(event.id)
        if known is not None and known.revision == event.revision and not known.removed:
            return known.link  # an earlier attempt got through
        return (await self._provider.put(entry(event), known)).link


def _told(error: Exception) -> str:
    """The provider's own words, as far as PostgreSQL takes them: it refuses NUL characters."""
    return str(error).replace("\x00", "") or "the calendar did not answer in time"


def entry(event: CalendarEvent) -> Entry:
    """What a calendar shows of an event."""
    return Entry(
        id=event.id,
        revision=event.revision,
        summary=event.summary,
        starts_at=event.starts_at,
        ends_at=event.ends_at,
        all_day=event.all_day,
        location=event.location,
        description=event.description,
        reminders=event.reminders,
    )
