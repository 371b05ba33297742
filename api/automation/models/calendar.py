"""Calendar events."""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from api.automation.fields import Email, JobNumber, Line, Moment, Text, Url
from api.automation.models.interviews import Minutes
from domain.applications.statuses import FollowUpKind, InterviewKind
from domain.calendar.kinds import EventKind

Day = Annotated[date, Field(ge=date(1970, 1, 1), lt=date(2200, 1, 1))]


class NewInterviewEvent(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "job_id": 1,
                "interview_type": "technical",
                "start_time": "2025-11-15T14:00:00Z",
                "duration_minutes": 90,
                "location": "Zoom - https://zoom.us/j/123456789",
                "interviewer_email": "interviewer@company.com",
                "notes": "Technical round - system design focus",
            }
        }
    )

    job_id: JobNumber
    interview_type: InterviewKind
    start_time: Moment
    duration_minutes: Minutes = 60
    location: Line | None = None
    interviewer_email: Email | None = None
    notes: Text | None = None


class NewFollowUpReminder(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "job_id": 1,
                "follow_up_type": "post_application",
                "reminder_time": "2025-11-17T09:00:00Z",
                "notes": "Follow up on application status",
            }
        }
    )

    job_id: JobNumber
    follow_up_type: FollowUpKind
    reminder_time: Moment
    notes: Text | None = None


class NewDeadlineReminder(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {"job_id": 1, "deadline": "2025-11-20", "job_url": "https://careers.google.com/jobs/123"}
        }
    )

    job_id: JobNumber
    deadline: Day
    job_url: Url | None = None


class Reminder(BaseModel):
    method: str
    minutes: int


class InterviewEvent(BaseModel):
    """`calendar_link` is null while an outside calendar does not show the event."""

    event_id: str
    summary: str
    start_time: Moment
    end_time: Moment
    location: str | None
    calendar_link: str | None
    reminders: list[Reminder]
    created_at: Moment


class FollowUpReminder(BaseModel):
    event_id: str
    summary: str
    start_time: Moment
    end_time: Moment
    calendar_link: str | None
    reminders: list[Reminder]


class DeadlineReminder(BaseModel):
    event_id: str
    summary: str
    date: date
    all_day: bool
    calendar_link: str | None
    reminders: list[Reminder]


class CalendarEvent(BaseModel):
    event_id: str
    summary: str
    start_time: Moment
    event_type: EventKind
    job_id: int
    company: str


class CalendarEvents(BaseModel):
    events: list[CalendarEvent]


class Feed(BaseModel):
    """Where a calendar program reads the calendar. Whoever has the address may read it."""

    url: str
