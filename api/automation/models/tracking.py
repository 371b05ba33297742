"""What an application has come to: its status, its timeline, and the figures of all."""

from pydantic import BaseModel, ConfigDict

from api.automation.fields import Moment, Text
from api.automation.models.offers import Offer
from domain.applications.statuses import InterviewKind, InterviewOutcome, NoteKind, Status


class StatusChange(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {"status": "interviewing", "notes": "Phone screen scheduled for next Tuesday"},
        }
    )

    status: Status
    notes: Text | None = None


class StatusChanged(BaseModel):
    job_id: int
    old_status: Status
    new_status: Status
    status_changed_at: Moment
    event_id: int


class TimelineEvent(BaseModel):
    """What happened; what it is besides depends on `event_type`."""

    model_config = ConfigDict(extra="allow")

    id: int
    event_type: str
    created_at: Moment


class TimelineInterview(BaseModel):
    id: int
    interview_type: InterviewKind
    scheduled_date: Moment
    duration_minutes: int
    interviewer_name: str | None
    outcome: InterviewOutcome | None
    calendar_event_id: str | None


class TimelineNote(BaseModel):
    id: int
    note_type: NoteKind
    content: str
    created_at: Moment


class Timeline(BaseModel):
    job_id: int
    events: list[TimelineEvent]
    interviews: list[TimelineInterview]
    offers: list[Offer]
    notes: list[TimelineNote]


class InterviewStatistics(BaseModel):
    total_interviews: int
    upcoming: int
    completed: int
    passed: int
    rejected: int


class OfferStatistics(BaseModel):
    total_offers: int
    pending: int
    accepted: int
    declined: int
    average_base_salary: float | None


class Statistics(BaseModel):
    total_applications: int
    by_status: dict[Status, int]
    interview_stats: InterviewStatistics
    offer_stats: OfferStatistics
    success_rate: float
    average_days_to_offer: int | None
