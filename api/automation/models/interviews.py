"""Interviews."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from api.automation.fields import Email, JobNumber, Line, Moment, Name, Text, unnamed
from domain.applications.statuses import InterviewKind, InterviewOutcome

Minutes = Annotated[int, Field(strict=True, ge=1, le=1440)]


class NewInterview(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "job_id": 1,
                "interview_type": "phone",
                "scheduled_date": "2025-11-15T14:00:00Z",
                "duration_minutes": 60,
                "location": "Zoom - link in email",
                "interviewer_name": "Jane Smith",
                "interviewer_email": "jane@google.com",
                "preparation_notes": "Review system design questions",
            }
        }
    )

    job_id: JobNumber
    interview_type: InterviewKind
    scheduled_date: Moment
    duration_minutes: Minutes = 60
    location: Line | None = None
    interviewer_name: Name | None = None
    interviewer_email: Email | None = None
    preparation_notes: Text | None = None


class InterviewChanges(BaseModel):
    """What is to change, and how it went; what is not named stays."""

    interview_type: InterviewKind = unnamed()
    scheduled_date: Moment = unnamed()
    duration_minutes: Minutes = unnamed()
    location: Line | None = None
    interviewer_name: Name | None = None
    interviewer_email: Email | None = None
    preparation_notes: Text | None = None
    outcome: InterviewOutcome | None = None
    feedback: Text | None = None


class Interview(BaseModel):
    id: int
    job_id: int
    interview_type: InterviewKind
    scheduled_date: Moment
    duration_minutes: int
    location: str | None
    interviewer_name: str | None
    interviewer_email: str | None
    preparation_notes: str | None
    outcome: InterviewOutcome | None
    feedback: str | None
    calendar_event_id: str | None
    created_at: Moment


class UpcomingInterview(BaseModel):
    id: int
    job_id: int
    company: str
    job_title: str
    interview_type: InterviewKind
    scheduled_date: Moment
    calendar_event_id: str | None
