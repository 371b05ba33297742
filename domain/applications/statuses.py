"""Statuses of applications and offers, and their allowed moves."""

from collections.abc import Mapping
from enum import StrEnum


class Status(StrEnum):
    PROCESSING = "processing"
    SAVED = "saved"
    APPLIED = "applied"
    INTERVIEW_SCHEDULED = "interview_scheduled"
    INTERVIEWING = "interviewing"
    OFFER_RECEIVED = "offer_received"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


FINAL = frozenset({Status.ACCEPTED, Status.DECLINED, Status.REJECTED, Status.WITHDRAWN})
# What is merely saved is no application yet: the acceptance of another offer leaves it alone.
ACTIVE = frozenset({Status.APPLIED, Status.INTERVIEW_SCHEDULED, Status.INTERVIEWING, Status.OFFER_RECEIVED})

_FORWARD: Mapping[Status, frozenset[Status]] = {
    Status.PROCESSING: frozenset({Status.SAVED, Status.APPLIED}),
    Status.SAVED: frozenset({Status.APPLIED}),
    Status.APPLIED: frozenset({Status.INTERVIEW_SCHEDULED, Status.INTERVIEWING}),
    Status.INTERVIEW_SCHEDULED: frozenset({Status.INTERVIEWING}),
    Status.INTERVIEWING: frozenset({Status.OFFER_RECEIVED}),
    Status.OFFER_RECEIVED: frozenset({Status.ACCEPTED, Status.DECLINED}),
}
_ENDS = frozenset({Status.REJECTED, Status.WITHDRAWN})
MOVES: Mapping[Status, frozenset[Status]] = {
    status: frozenset() if status in FINAL else _FORWARD[status] | _ENDS for status in Status
}


class OfferStatus(StrEnum):
    PENDING = "pending"
    NEGOTIATING = "negotiating"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"


_DECISIONS = frozenset({OfferStatus.NEGOTIATING, OfferStatus.ACCEPTED, OfferStatus.DECLINED, OfferStatus.EXPIRED})
# An acceptance is undone within its grace period only, and not by naming the status.
OFFER_MOVES: Mapping[OfferStatus, frozenset[OfferStatus]] = {
    OfferStatus.PENDING: _DECISIONS,
    OfferStatus.NEGOTIATING: _DECISIONS,
    OfferStatus.ACCEPTED: frozenset(),
    OfferStatus.DECLINED: frozenset(),
    OfferStatus.EXPIRED: frozenset(),
}


class InterviewKind(StrEnum):
    PHONE = "phone"
    VIDEO = "video"
    ONSITE = "onsite"
    TECHNICAL = "technical"
    BEHAVIORAL = "behavioral"
    PANEL = "panel"


class InterviewOutcome(StrEnum):
    PASSED = "passed"
    REJECTED = "rejected"
    PENDING = "pending"
    CANCELLED = "cancelled"


class NoteKind(StrEnum):
    GENERAL = "general"
    COMMUNICATION = "communication"
    PREPARATION = "preparation"
    RESEARCH = "research"
    FOLLOW_UP = "follow_up"


class FollowUpKind(StrEnum):
    POST_APPLICATION = "post_application"
    POST_INTERVIEW = "post_interview"
    SECOND_FOLLOWUP = "second_followup"
    FINAL_FOLLOWUP = "final_followup"
    OFFER_RESPONSE = "offer_response"
    CUSTOM = "custom"


class FollowUpStatus(StrEnum):
    SCHEDULED = "scheduled"
    DUE = "due"
    SENT = "sent"
    CANCELLED = "cancelled"


class Reason(StrEnum):
    """What brought about a change that the person did not ask for in so many words."""

    INTERVIEW_SCHEDULED = "interview_scheduled"
    OFFER_RECEIVED = "offer_received"
    OFFER_ACCEPTED = "offer_accepted"
    OFFER_DECLINED = "offer_declined"
    OTHER_OFFER_ACCEPTED = "other_offer_accepted"
    APPLICATION_ENDED = "application_ended"
    COMPANY_RESPONDED = "company_responded"
    BY_HAND = "by_hand"
