"""What calendar programs and browsers open: the feed, and single events. Neither has an API key to show."""

import hashlib
from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response

from api.automation.errors import ERRORS
from api.automation.models.calendar import Feed
from api.session import Writing
from domain.calendar.kinds import event_id, parsed_id
from domain.errors import NotFound
from infra.calendar.icalendar import Shown, written
from infra.calendar.provider import Entry
from runtime.system import System

router = APIRouter(prefix="/calendar", tags=["Calendar Integration"])

FEED, LINK = "/calendar/feed.ics", "/calendar/link"
PUBLIC = (FEED, LINK)
NAME = "jobstream"
# A calendar program keeps what it has seen; what is long over need not be sent each time.
PAST = timedelta(days=90)

Token = Annotated[str, Query(max_length=200, description="From the address of the feed or link")]
Known = Annotated[str | None, Header(alias="If-None-Match", description="The ETag of what the client has")]
ICALENDAR: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/calendar": {"schema": {"type": "string"}}}, "description": "An iCalendar object"},
    304: {"description": "Nothing has changed"},
    404: {"model": ERRORS.model, "description": "The address opens nothing, or nothing any more"},
    503: {"model": ERRORS.model, "description": "Temporarily unavailable"},
}


@router.post("/feed", status_code=201, summary="Renew the Calendar Feed")
async def renew(request: Request, session: Writing) -> Feed:
    """The address at which calendar programs read the calendar. The one before opens nothing any more."""
    token = await session.system.local_calendar.renew_feed(session.person)
    return Feed(url=f"{_place(request)}{FEED}?token={token}")


@router.get("/feed.ics", summary="Calendar Feed", responses=ICALENDAR, response_class=Response)
async def feed(request: Request, token: Token, known: Known = None) -> Response:
    """Events with their reminders, removed ones as cancelled. Whoever has the address may read it."""
    system: System = request.app.state.services
    owner = await system.local_calendar.owner_of(token)
    if owner is None:
        raise NotFound("Calendar feed", "")
    rows = await system.calendar.feed(owner, system.clock.now() - PAST)
    return _answer((_shown(row) for row in rows), known)


@router.get("/link/{name}.ics", summary="Calendar Event", responses=ICALENDAR, response_class=Response)
async def link(request: Request, name: str, token: Token, known: Known = None) -> Response:
    """One event: what `calendar_link` opens while the calendar is our own."""
    system: System = request.app.state.services
    id = parsed_id(name)
    row = None
    if id is not None and system.local_calendar.opens(id, token):
        row = await system.calendar.by_id(id, None)
    if row is None:
        raise NotFound("Event", name)
    return _answer([_shown(row)], known)


def link_to(request: Request, id: UUID) -> str:
    """The address of an event in our own calendar."""
    system: System = request.app.state.services
    return f"{_place(request)}{LINK}/{event_id(id)}.ics?token={system.local_calendar.code(id)}"


def _place(request: Request) -> str:
    """Where this product is, as the client reached it."""
    return f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}"


def _answer(events: Iterable[Shown], known: str | None) -> Response:
    body = written(events, NAME)
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if known is not None and tag in (each.strip().removeprefix("W/") for each in known.split(",")):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="text/calendar", headers=headers)


def _shown(row: Any) -> Shown:
    entry = Entry(
        id=UUID(int=row["id"].int),
        revision=row["revision"],
        summary=row["summary"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        all_day=row["all_day"],
        location=row["location"],
        description=row["description"],
        reminders=tuple(row["reminders"]),
    )
    return Shown(entry, row["kind"], row["removed_for"] is not None, row["created_at"], row["updated_at"])
