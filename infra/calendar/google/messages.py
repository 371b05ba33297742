"""What is said to Google Calendar and what it says (Calendar API v3, resource Events)."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ValidationError

from infra.calendar.provider import Entry, ExternalEvent

REVISION = "jobstream_revision"


class Properties(BaseModel):
    private: dict[str, str] = {}


class Event(BaseModel):
    """The part of an event that we read."""

    id: str
    status: str
    etag: str
    htmlLink: str | None = None
    extendedProperties: Properties = Properties()

    def external(self) -> ExternalEvent:
        revision = self.extendedProperties.private.get(REVISION, "")
        return ExternalEvent(
            external_id=self.id,
            link=self.htmlLink,
            revision=int(revision) if revision.isascii() and revision.isdigit() else None,
            version=self.etag,
            removed=self.status == "cancelled",
        )


class _Reason(BaseModel):
    reason: str = ""


class _Error(BaseModel):
    errors: list[_Reason] = []


class _Failure(BaseModel):
    error: _Error


def reason(content: bytes) -> str:
    """Google's word for why it said no, e.g. `rateLimitExceeded`; empty when there is none."""
    try:
        errors = _Failure.model_validate_json(content).error.errors
    except ValidationError:
        return ""
    # Only letters: it goes into logs and events.
    return errors[0].reason if errors and errors[0].reason.isalpha() else ""


def event_id(id: UUID) -> str:
    """Ids that clients choose are of the letters a to v and digits: the hexadecimal ones are among them."""
    return id.hex


def body(entry: Entry) -> dict[str, Any]:
    """The whole event; what it does not have is said, so that a patch takes it away."""
    return {
        "status": "confirmed",
        "summary": entry.summary,
        "location": entry.location,
        "description": entry.description,
        "start": _moment(entry, entry.starts_at),
        "end": _moment(entry, entry.ends_at),
        "reminders": {
            "useDefault": False,
            "overrides": [{"method": "popup", "minutes": minutes} for minutes in entry.reminders],
        },
        "extendedProperties": {"private": {REVISION: str(entry.revision)}},
    }


def _moment(entry: Entry, at: datetime) -> dict[str, str]:
    utc = at.astimezone(UTC)
    if entry.all_day:
        return {"date": utc.date().isoformat()}
    return {"dateTime": utc.isoformat().replace("+00:00", "Z"), "timeZone": "UTC"}
