"""The simulated operations, and the ones that tell it what to do."""

import base64
import html
import re
import secrets
from typing import Annotated, Any
from urllib.parse import parse_qs, urlencode

from fastapi import APIRouter, Depends, FastAPI, Header, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp

from infra.calendar.simulator.failures import ApiError, invalid, refused
from infra.calendar.simulator.faults import CalendarFault, failing
from infra.calendar.simulator.state import OWNER, Kept, State
from infra.simulation import Faults

SCOPE = "https://www.googleapis.com/auth/calendar.events"
_ID = r"^[a-v0-9]{5,1024}$"


class Moment(BaseModel):
    """A time with its zone, or a date."""

    model_config = ConfigDict(extra="forbid")

    dateTime: str | None = None
    timeZone: str | None = None
    date: str | None = Field(None, pattern=r"^\d{4}-\d{2}-\d{2}$")


class Override(BaseModel):
    method: str = Field(pattern="^(email|popup)$")
    minutes: int = Field(ge=0, le=40320)


class Reminders(BaseModel):
    useDefault: bool
    overrides: list[Override] = Field([], max_length=5)


class Properties(BaseModel):
    private: dict[str, str] = {}


class Changes(BaseModel):
    """The fields of an event that are simulated; others are refused, so that none is sent in vain."""

    model_config = ConfigDict(extra="forbid")

    status: str = Field("confirmed", pattern="^(confirmed|tentative|cancelled)$")
    summary: str | None = None
    location: str | None = None
    description: str | None = None
    start: Moment | None = None
    end: Moment | None = None
    reminders: Reminders | None = None
    extendedProperties: Properties | None = None

    def sent(self) -> dict[str, Any]:
        return {
            name: value.model_dump(exclude_none=True) if isinstance(value, BaseModel) else value
            for name, value in self
            if name in self.model_fields_set and name != "id"
        }


class NewEvent(Changes):
    id: str | None = Field(None, pattern=_ID)
    start: Moment
    end: Moment


def build() -> ASGIApp:
    """The application. Its state lives as long as it does."""
    state = State()
    app = FastAPI(title="Google Calendar simulator", docs_url=None, redoc_url=None)
    faults = failing(app, state)
    app.add_exception_handler(ApiError, refused)
    app.add_exception_handler(RequestValidationError, invalid)
    app.include_router(_sign_in(state))
    app.include_router(_events(state))
    app.include_router(_controls(state, faults))
    return faults


def _sign_in(state: State) -> APIRouter:
    routes = APIRouter()

    @routes.get("/o/oauth2/auth")
    async def consent(redirect_uri: str, client_id: str, response_type: str, scope: str, request: Request) -> Response:
        """Whoever opens this page agrees."""
        if response_type != "code" or scope != SCOPE:
            return JSONResponse({"error": "invalid_request"}, 400)
        code = f"4/{secrets.token_urlsafe(12)}"
        state.codes.add(code)
        answer = {"code": code, "scope": scope, "state": request.query_params.get("state", "")}
        return RedirectResponse(f"{redirect_uri}?{urlencode(answer)}")

    @routes.post("/token")
    async def token(request: Request) -> JSONResponse:
        form = {key: values[0] for key, values in parse_qs((await request.body()).decode("latin-1")).items()}
        match form.get("grant_type"):
            case "authorization_code" if form.get("code") in state.codes:
                state.codes.discard(form["code"])
                refresh = f"1//{secrets.token_urlsafe(24)}"
                state.refresh_tokens.add(refresh)
                return _token(state, {"refresh_token": refresh})
            case "refresh_token" if form.get("refresh_token") in state.refresh_tokens:
                return _token(state, {})
        return JSONResponse({"error": "invalid_grant", "error_description": "Bad Request"}, 400)

    return routes


def _token(state: State, more: dict[str, str]) -> JSONResponse:
    token, life = state.access_token()
    return JSONResponse(
        {"access_token": token, "expires_in": int(life), "scope": SCOPE, "token_type": "Bearer", **more}
    )


def _authorised(state: State) -> Any:
    def check(authorization: Annotated[str, Header()] = "") -> None:
        if not state.accepts(authorization.removeprefix("Bearer ")):
            raise ApiError(401, "authError", "Invalid Credentials")

    return Depends(check)


def _events(state: State) -> APIRouter:
    routes = APIRouter(prefix="/calendar/v3/calendars/{calendar}/events", dependencies=[_authorised(state)])

    @routes.post("")
    async def insert(event: NewEvent, request: Request) -> dict[str, Any]:
        id = event.id or secrets.token_hex(13)
        if id in state.events:
            # An id is never free again, not even after its event was deleted.
            raise ApiError(409, "duplicate", "The requested identifier already exists.")
        return state.insert(id, event.sent()).answer(_page(request))

    @routes.get("")
    async def page(request: Request) -> dict[str, Any]:
        shown = [event.answer(_page(request)) for event in state.events.values()]
        return {"kind": "calendar#events", "summary": OWNER, "timeZone": "UTC", "accessRole": "owner", "items": shown}

    @routes.get("/{id}")
    async def get(id: str, request: Request) -> dict[str, Any]:
        return _known(state, id).answer(_page(request))

    @routes.patch("/{id}")
    async def patch(
        id: str, changes: Changes, request: Request, if_match: Annotated[str | None, Header()] = None
    ) -> dict[str, Any]:
        event = _known(state, id)
        if if_match is not None and if_match != event.etag:
            raise ApiError(412, "conditionNotMet", "Precondition Failed")
        state.change(event, changes.sent())
        return event.answer(_page(request))

    @routes.delete("/{id}", status_code=204)
    async def delete(id: str) -> None:
        event = _known(state, id)
        if event.cancelled:
            raise ApiError(410, "deleted", "Resource has been deleted")
        state.change(event, {"status": "cancelled"})

    return routes


def _controls(state: State, faults: Faults) -> APIRouter:
    routes = APIRouter()

    @routes.get("/calendar/event")
    async def shown(eid: str) -> Response:
        """What a link of an event opens."""
        id = base64.urlsafe_b64decode(eid + "=" * (-len(eid) % 4)).decode().split(" ")[0]
        event = _known(state, id)
        return HTMLResponse(f"<h1>{html.escape(event.sent.get('summary') or '')}</h1>", 404 if event.cancelled else 200)

    @routes.post("/_simulator/faults")
    async def plan(planned: list[CalendarFault]) -> None:
        for fault in planned:
            faults.plan(fault)

    @routes.get("/_simulator/events")
    async def events(request: Request) -> list[dict[str, Any]]:
        return [event.answer(_page(request)) for event in state.events.values()]

    @routes.get("/_simulator/late")
    async def late() -> int:
        return faults.late

    @routes.post("/_simulator/sign-out")
    async def sign_out() -> None:
        state.refresh_tokens.clear()
        state.access_tokens.clear()

    @routes.delete("/_simulator")
    async def reset() -> None:
        faults.reset()
        state.clear()

    return routes


def _known(state: State, id: str) -> Kept:
    event = state.events.get(id)
    if event is None or not re.fullmatch(_ID, id):
        raise ApiError(404, "notFound", "Not Found")
    return event


def _page(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}/calendar/event"
