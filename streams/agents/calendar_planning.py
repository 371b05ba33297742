"""Puts what happens to applications into the calendar: interviews, and the days by which offers want an answer."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

import structlog

from commands.calendar import (
    MoveCalendarEvent,
    PlanOfferDeadline,
    RemoveCalendarEvent,
    RestoreCalendarEvent,
    ReviewCalendarEvent,
    ScheduleCalendarEvent,
)
from domain.applications.statuses import FINAL, InterviewOutcome, OfferStatus, Status
from domain.calendar.kinds import EventKind, Removal, event_of, interview_summary
from domain.errors import NotFound
from schemas.recorded import Recorded
from streams.agent import Agent, Send

log = structlog.get_logger(__name__)

OPEN_OFFERS = frozenset({OfferStatus.PENDING, OfferStatus.NEGOTIATING})


class Planned(Protocol):
    """A job's events, from a read model."""

    async def still_to_come(self, job_number: int, now: datetime) -> Sequence[UUID]: ...
    async def taken_away(self, job_number: int, now: datetime) -> Sequence[UUID]: ...


@dataclass(frozen=True, slots=True)
class CalendarPlanning:
    """`caught_up()` waits until the read model has folded all that is recorded now: what this agent itself did for an
    earlier event may stand behind the event that it handles.
    """

    planned: Planned
    caught_up: Callable[[], Awaitable[None]]

    def agent(self) -> Agent:
        agent = Agent("calendar_planning", contexts=("applications", "calendar"))
        agent.on("InterviewScheduled")(interview_scheduled)
        agent.on("InterviewChanged")(interview_changed)
        agent.on("InterviewOutcomeRecorded")(outcome_recorded)
        agent.on("OfferReceived")(offer_received)
        agent.on("OfferChanged")(offer_changed)
        agent.on("OfferDeclined", "OfferAccepted")(offer_decided)
        agent.on("OfferAcceptanceUndone")(acceptance_undone)
        agent.on("ApplicationStatusChanged", "ApplicationClosed")(self.application_ended)
        agent.on("ApplicationRestored")(self.application_restored)
        agent.on("CalendarEventScheduled", "CalendarEventRestored")(review)
        return agent

    async def application_ended(self, event: Recorded, send: Send) -> None:
        """Nobody goes to the interviews of an application that is over."""
        if event.type == "ApplicationStatusChanged" and Status(event["to_status"]) not in FINAL:
            return
        await self.caught_up()
        for id in await self.planned.still_to_come(event["number"], event.occurred_at):
            await send(RemoveCalendarEvent(id, Removal.APPLICATION_ENDED), id)

    async def application_restored(self, event: Recorded, send: Send) -> None:
        await self.caught_up()
        for id in await self.planned.taken_away(event["number"], event.occurred_at):
            await send(RestoreCalendarEvent(id, Removal.APPLICATION_ENDED), id)


async def interview_scheduled(event: Recorded, send: Send) -> None:
    await send(
        ScheduleCalendarEvent(
            id=event_of(event.stream_id),
            kind=EventKind.INTERVIEW,
            job_id=event["job_id"],
            job_number=event["job_number"],
            company=event["company"],
            title=event["title"],
            source_id=event.stream_id,
            all_day=False,
            owner=event.owner,
            **_interview(event),
        ),
        event_of(event.stream_id),
    )


async def interview_changed(event: Recorded, send: Send) -> None:
    id = event_of(event.stream_id)
    await _send(MoveCalendarEvent(id, **_interview(event)), id, send)


async def outcome_recorded(event: Recorded, send: Send) -> None:
    """A cancelled interview goes; one that was called cancelled by mistake comes back."""
    id, cancelled = event_of(event.stream_id), InterviewOutcome.CANCELLED
    if event["outcome"] == cancelled:
        await _send(RemoveCalendarEvent(id, Removal.INTERVIEW_CANCELLED), id, send)
    elif event["outcome_before"] == cancelled:
        await _send(RestoreCalendarEvent(id, Removal.INTERVIEW_CANCELLED), id, send)


def _interview(event: Recorded) -> dict[str, Any]:
    starts_at: datetime = event["scheduled_at"]
    return {
        "summary": interview_summary(event["kind"], event["title"], event["company"]),
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(minutes=event["duration_minutes"]),
        "location": event["location"],
        "description": event["preparation_notes"],
    }


async def offer_received(event: Recorded, send: Send) -> None:
    if event["expires_at"] is not None:
        await _send(PlanOfferDeadline(event.stream_id, event["expires_at"]), event_of(event.stream_id), send)


async def offer_changed(event: Recorded, send: Send) -> None:
    """An offer that has a deadline by now, another one, or none any more."""
    id, expires_at = event_of(event.stream_id), event["expires_at"]
    if "expires_at" not in event["changed"] or event["status"] not in OPEN_OFFERS:
        return
    if expires_at is None:
        await _send(RemoveCalendarEvent(id, Removal.NO_DEADLINE), id, send)
    else:
        await _send(PlanOfferDeadline(event.stream_id, expires_at), id, send)


async def offer_decided(event: Recorded, send: Send) -> None:
    id = event_of(event.stream_id)
    await _send(RemoveCalendarEvent(id, Removal.OFFER_DECIDED), id, send)


async def acceptance_undone(event: Recorded, send: Send) -> None:
    id = event_of(event.stream_id)
    await _send(RestoreCalendarEvent(id, Removal.OFFER_DECIDED), id, send)


async def review(event: Recorded, send: Send) -> None:
    """What a person put there by hand is theirs to judge."""
    if event.type == "CalendarEventRestored" or event["source_id"] is not None:
        await _send(ReviewCalendarEvent(event.stream_id), event.stream_id, send)


async def _send(command: Any, target: UUID, send: Send) -> None:
    """An interview or offer may have no event: no deadline, or from a time before there was a calendar."""
    try:
        await send(command, target)
    except NotFound:
        log.info("nothing in the calendar", command=type(command).__name__, event_id=str(target))
