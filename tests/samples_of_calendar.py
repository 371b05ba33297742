"""What events of the calendar say when a test does not care."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from domain.calendar.kinds import event_of
from tests.samples_of_applications import JOB, JOB_ID, NOW, TENANT
from tests.samples_of_applications import STREAMS as OF_APPLICATIONS

INTERVIEW_ID = OF_APPLICATIONS["Interview"]
CALENDAR_EVENT = event_of(INTERVIEW_ID)
STARTS = NOW + timedelta(days=3)

STREAMS: Mapping[str, UUID] = {"CalendarEvent": CALENDAR_EVENT}

_SHOWN: Mapping[str, Any] = {
    "summary": "Phone Interview: Senior Software Engineer at Google",
    "starts_at": STARTS,
    "ends_at": STARTS + timedelta(hours=1),
    "location": "Zoom - link in email",
    "description": "Review system design questions",
    "owner_id": TENANT,
}

PAYLOADS: Mapping[str, Mapping[str, Any]] = {
    "CalendarEventScheduled": {
        "kind": "interview",
        "job_id": JOB_ID,
        "job_number": JOB,
        "company": "Google",
        "title": "Senior Software Engineer",
        "source_id": INTERVIEW_ID,
        **_SHOWN,
        "all_day": False,
        "reminders": [1440, 60, 15],
    },
    "CalendarEventMoved": {"revision": 2, **_SHOWN},
    "CalendarEventRemoved": {"revision": 2, "job_number": JOB, "reason": "by_hand"},
    "CalendarEventRestored": {"revision": 3},
    "CalendarSyncRequested": {"revision": 1, "attempts": 0},
    "CalendarSyncClaimed": {
        "revision": 1,
        "attempt": 1,
        "lease_until": NOW + timedelta(minutes=5),
        "worker": "worker-1",
    },
    "CalendarEventSynced": {
        "revision": 1,
        "attempt": 1,
        "link": "https://www.google.com/calendar/event?eid=Y2FsX2FiYzEyMw",
        "doubtful": False,
    },
    "CalendarSyncFailed": {
        "attempt": 1,
        "error": "google: cannot be reached",
        "retry_at": NOW + timedelta(seconds=10),
    },
}
