"""What events of jobs and applications say when a test does not care."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from domain.applications.acceptances import Acceptances
from domain.numbers import Kind, stream_id

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TENANT = UUID("0192f0c1-0000-7000-8000-00000000000a")
# The numbers of things that tests speak of.
JOB, INTERVIEW, OFFER, NOTE, FOLLOW_UP = 1, 11, 21, 31, 41
JOB_ID, APPLICATION_ID = stream_id(Kind.JOB, JOB), stream_id(Kind.APPLICATION, JOB)
OFFER_ID = stream_id(Kind.OFFER, OFFER)

STREAMS: Mapping[str, UUID] = {
    "Job": JOB_ID,
    "Application": APPLICATION_ID,
    "Interview": stream_id(Kind.INTERVIEW, INTERVIEW),
    "Offer": OFFER_ID,
    "Note": stream_id(Kind.NOTE, NOTE),
    "FollowUp": stream_id(Kind.FOLLOW_UP, FOLLOW_UP),
    "Acceptances": Acceptances.create_id(TENANT),
}

_POSTING: Mapping[str, Any] = {
    "company": "Google",
    "title": "Senior Software Engineer",
    "description": "We are looking for...",
    "url": "https://careers.google.com/jobs/123",
    "location": "Mountain View, CA",
    "salary_min": Decimal(150000),
    "salary_max": Decimal(220000),
    "source": "linkedin",
}
_NAMED = {"company": "Google", "title": "Senior Software Engineer"}
_OF_JOB: Mapping[str, Any] = {"job_id": JOB_ID, "job_number": JOB}
_INTERVIEW: Mapping[str, Any] = {
    "number": INTERVIEW,
    **_OF_JOB,
    **_NAMED,
    "kind": "phone",
    "scheduled_at": NOW + timedelta(days=3),
    "duration_minutes": 60,
    "location": "Zoom - link in email",
    "interviewer_name": "Jane Smith",
    "interviewer_email": "jane@google.com",
    "preparation_notes": "Review system design questions",
    "owner_id": TENANT,
}
_TERMS: Mapping[str, Any] = {
    "base_salary": Decimal(180000),
    "bonus": Decimal(30000),
    "equity": "100000 RSUs over 4 years",
    "other_benefits": "Health insurance",
    "received_at": NOW,
    "expires_at": NOW + timedelta(days=7),
    "notes": "Verbal offer received",
}
_OFFER: Mapping[str, Any] = {"number": OFFER, **_OF_JOB}
_DECISION: Mapping[str, Any] = {**_OFFER, **_NAMED, "from_status": "pending", "follows": 1}
_NOTE: Mapping[str, Any] = {
    "number": NOTE,
    **_OF_JOB,
    "kind": "general",
    "content": "Really excited about this role",
    "important": False,
    "owner_id": TENANT,
}
_FOLLOW_UP: Mapping[str, Any] = {"number": FOLLOW_UP, **_OF_JOB}
_REMINDER: Mapping[str, Any] = {
    **_FOLLOW_UP,
    **_NAMED,
    "kind": "post_application",
    "due_at": NOW + timedelta(days=3),
    "send_automatically": False,
}

PAYLOADS: Mapping[str, Mapping[str, Any]] = {
    "JobCreated": {"number": JOB, "reference": "linkedin_1", **_POSTING},
    "JobUpdated": {"number": JOB, "changed": [], **_POSTING},
    "JobRemoved": {"number": JOB},
    "ApplicationOpened": {"number": JOB, "job_id": JOB_ID},
    "JobSaved": {"number": JOB},
    "ApplicationStatusChanged": {
        "number": JOB,
        "from_status": "saved",
        "to_status": "applied",
        "notes": "Applied via company website",
        "reason": None,
        "offer_id": None,
        "owner_id": TENANT,
    },
    "ApplicationRestored": {"number": JOB, "from_status": "withdrawn", "to_status": "applied", "offer_id": OFFER_ID},
    "ApplicationClosed": {"number": JOB, "status": "saved"},
    "InterviewScheduled": _INTERVIEW,
    "InterviewChanged": {**_INTERVIEW, "changed": [], "outcome": None, "feedback": None},
    "InterviewOutcomeRecorded": {**_INTERVIEW, "outcome": "passed", "feedback": "Great", "outcome_before": None},
    "OfferReceived": {**_OFFER, **_NAMED, **_TERMS, "applied_at": NOW - timedelta(days=21), "owner_id": TENANT},
    "OfferChanged": {
        **_OFFER,
        **_TERMS,
        "changed": [],
        "status": "pending",
        "base_salary_before": Decimal(180000),
        "follows": 1,
        "owner_id": TENANT,
    },
    "OfferNegotiated": {
        **_OFFER,
        "from_status": "pending",
        "entry": 1,
        "kind": "counter_offer",
        "requested_changes": "Requesting $190k base and 120k RSUs",
        "employer_response": "Agreed to $185k base",
        "notes": "Successful negotiation on base salary",
        "follows": 1,
        "owner_id": TENANT,
    },
    "OfferAccepted": {**_DECISION, "decided_at": NOW},
    "OfferDeclined": {**_DECISION, "decided_at": NOW},
    "OfferExpired": _DECISION,
    "OthersWithdrawn": {
        **_OFFER,
        "victims": [{"application_id": stream_id(Kind.APPLICATION, 2), "job_number": 2, "from_status": "applied"}],
    },
    "OfferAcceptanceUndone": {
        **_OFFER,
        "restored": [2],
        "left_alone": [],
        "expires_at": NOW + timedelta(days=7),
        "follows": 2,
    },
    "AcceptancesOpened": {"person_id": TENANT},
    "AcceptanceBegun": {"offer_id": OFFER_ID, "offer_number": OFFER},
    "AcceptanceSettled": {"offer_id": OFFER_ID, "offer_number": OFFER},
    "NoteAdded": _NOTE,
    "NoteChanged": {**_NOTE, "changed": []},
    "FollowUpScheduled": {
        **_REMINDER,
        "template": "Thank you for considering my application...",
        "sequence": None,
        "sequence_id": None,
        "only_without_response": False,
        "owner_id": TENANT,
    },
    "FollowUpBecameDue": _REMINDER,
    "FollowUpMailClaimed": {
        "number": FOLLOW_UP,
        "job_number": JOB,
        "attempt": 1,
        "lease_until": NOW + timedelta(minutes=1),
        "worker": "worker-1",
    },
    "FollowUpMailRequested": {"number": FOLLOW_UP, "job_number": JOB, "attempts": 1},
    "FollowUpMailFailed": {
        "number": FOLLOW_UP,
        "job_number": JOB,
        "attempt": 1,
        "error": "smtp: no answer",
        "retry_at": NOW + timedelta(minutes=1),
    },
    "FollowUpSent": {**_FOLLOW_UP, "sent_at": NOW, "by_mail": False, "notes": "Sent via LinkedIn", "owner_id": TENANT},
    "FollowUpCancelled": {**_FOLLOW_UP, "reason": "by_hand"},
}
