"""Kinds of calendar events: what they are called, when they remind, and why they are taken away."""

import re
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from uuid import UUID, uuid5


class EventKind(StrEnum):
    INTERVIEW = "interview"
    FOLLOW_UP = "follow_up"
    DEADLINE = "deadline"


class SyncStatus(StrEnum):
    PENDING = "pending"
    PROCESSING = "processing"
    SYNCED = "synced"
    FAILED = "failed"


class Removal(StrEnum):
    """Why an event was taken away. Only what the system took away by itself may come back by itself."""

    BY_HAND = "by_hand"
    APPLICATION_ENDED = "application_ended"
    INTERVIEW_CANCELLED = "interview_cancelled"
    OFFER_DECIDED = "offer_decided"
    NO_DEADLINE = "no_deadline"


# Minutes before.
REMINDERS: Mapping[EventKind, tuple[int, ...]] = {
    EventKind.INTERVIEW: (1440, 60, 15),
    EventKind.FOLLOW_UP: (1440, 60),
    EventKind.DEADLINE: (4320, 1440, 180),
}
FOLLOW_UP_LASTS = timedelta(minutes=30)

_NAMESPACE = UUID("6f1c2f0e-8a57-4a0c-9f52-5d2a4f6f0c11")
_ID = re.compile(r"cal_([0-9a-f]{32})")


def event_of(source_id: UUID) -> UUID:
    """The calendar event of an interview or an offer, which can be told before it is there."""
    return uuid5(_NAMESPACE, str(source_id))


def event_id(id: UUID) -> str:
    """The id as people see it."""
    return f"cal_{id.hex}"


def parsed_id(text: str) -> UUID | None:
    """The stream behind an `event_id`; None when the text is none."""
    matched = _ID.fullmatch(text)
    return UUID(hex=matched[1]) if matched else None


def interview_summary(interview_kind: str, title: str, company: str) -> str:
    return f"{interview_kind.capitalize()} Interview: {title} at {company}"


def follow_up_summary(title: str, company: str) -> str:
    return f"Follow-up: {title} at {company}"


def application_deadline_summary(title: str, company: str) -> str:
    return f"Application Deadline: {title} at {company}"


def offer_deadline_summary(title: str, company: str) -> str:
    return f"Offer Deadline: {title} at {company}"
