"""Google Calendar as a calendar provider."""

from urllib.parse import quote
from uuid import UUID

import httpx
from pydantic import ValidationError

from infra.calendar.google import messages
from infra.calendar.google.session import SYSTEM, Session
from infra.calendar.provider import Entry, ExternalEvent
from infra.outbound import Operation, Outbound, Refused, Unavailable

FIND = Operation("find", timeout=10.0, repeatable=True)
# Repeatable: the id is ours, so a second insert is refused as a duplicate, and a patch names the state that it changes.
PUT = Operation("put", timeout=15.0, repeatable=True)
REMOVE = Operation("remove", timeout=15.0, repeatable=True)

_GONE = (httpx.codes.NOT_FOUND, httpx.codes.GONE)


class GoogleCalendar:
    """Events in one calendar of the connected account."""

    name = SYSTEM

    def __init__(self, session: Session, calendar: str, outbound: Outbound) -> None:
        self._session, self._outbound = session, outbound
        self._events = f"calendars/{quote(calendar, safe='@')}/events"

    async def find(self, id: UUID) -> ExternalEvent | None:
        return await self._outbound.call(FIND, lambda: self._find(FIND, id))

    async def put(self, entry: Entry, known: ExternalEvent | None) -> ExternalEvent:
        return await self._outbound.call(PUT, lambda: self._put(entry, known))

    async def remove(self, id: UUID) -> None:
        await self._outbound.call(REMOVE, lambda: self._remove(id))

    async def _find(self, operation: Operation, id: UUID) -> ExternalEvent | None:
        response = await self._session.send(operation, "GET", self._path(id))
        return None if response.status_code in _GONE else _event(operation, response)

    async def _put(self, entry: Entry, known: ExternalEvent | None) -> ExternalEvent:
        return await (self._insert(entry) if known is None else self._patch(entry, known))

    async def _insert(self, entry: Entry) -> ExternalEvent:
        body = messages.body(entry) | {"id": messages.event_id(entry.id)}
        response = await self._session.send(PUT, "POST", self._events, json=body)
        if response.status_code == httpx.codes.CONFLICT:
            # An earlier try of ours got through and only its answer was lost.
            there = await self._find(PUT, entry.id)
            if there is None:
                raise Unavailable(f"{SYSTEM}: the event is there and cannot be read yet")
            return there if _shows(there, entry) else await self._patch(entry, there)
        return _event(PUT, response)

    async def _patch(self, entry: Entry, known: ExternalEvent) -> ExternalEvent:
        response = await self._session.send(
            PUT, "PATCH", self._path(entry.id), json=messages.body(entry), headers={"If-Match": known.version}
        )
        if response.status_code == httpx.codes.PRECONDITION_FAILED:
            there = await self._find(PUT, entry.id)
            if there is None or not _shows(there, entry):
                raise Unavailable(f"{SYSTEM}: somebody else changed the event at the same time")
            return there
        return _event(PUT, response)

    async def _remove(self, id: UUID) -> None:
        response = await self._session.send(REMOVE, "DELETE", self._path(id))
        if response.status_code not in _GONE:
            _accepted(REMOVE, response)

    def _path(self, id: UUID) -> str:
        return f"{self._events}/{messages.event_id(id)}"


def _shows(there: ExternalEvent, entry: Entry) -> bool:
    return there.revision == entry.revision and not there.removed


def _event(operation: Operation, response: httpx.Response) -> ExternalEvent:
    _accepted(operation, response)
    try:
        return messages.Event.model_validate_json(response.content).external()
    except ValidationError:
        pass  # raised below, outside the handler: pydantic's text quotes the answer
    raise operation.lost(f"{SYSTEM}: {operation.name} answered something that makes no sense")


def _accepted(operation: Operation, response: httpx.Response) -> None:
    if response.is_client_error:
        why = messages.reason(response.content) or "no reason given"
        raise Refused(f"{SYSTEM}: {operation.name} refused ({response.status_code}): {why}")
    if not response.is_success:
        raise operation.lost(f"{SYSTEM}: {operation.name} answered {response.status_code}")
