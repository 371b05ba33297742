"""Follow-ups, single and in sequences."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.automation.fields import JobNumber, Moment, Text
from domain.applications.statuses import FollowUpKind, FollowUpStatus

SequenceName = Literal["post_application", "post_interview", "offer_pending"]


class NewFollowUp(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "job_id": 1,
                "followup_type": "post_application",
                "scheduled_date": "2025-11-17T09:00:00Z",
                "email_template": "Thank you for considering my application...",
                "send_automatically": False,
            }
        }
    )

    job_id: JobNumber
    followup_type: FollowUpKind
    scheduled_date: Moment
    email_template: Text | None = None
    send_automatically: bool = False


class NewSequence(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "job_id": 1,
                "sequence_name": "post_application",
                "variables": {
                    "job_title": "Senior Software Engineer",
                    "company": "Google",
                    "recruiter_name": "Jane Smith",
                },
            }
        }
    )

    job_id: JobNumber
    sequence_name: SequenceName
    variables: Annotated[dict[str, Annotated[str, Field(max_length=500)]], Field(max_length=20)] = {}


class SentReport(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "sent_date": "2025-11-14T14:00:00Z",
                "notes": "Sent via LinkedIn message instead of email",
            }
        }
    )

    sent_date: Moment | None = None
    notes: Text | None = None


class FollowUp(BaseModel):
    id: int
    job_id: int
    followup_type: FollowUpKind
    status: FollowUpStatus
    scheduled_date: Moment
    sent_date: Moment | None
    email_template: str | None
    send_automatically: bool
    created_at: Moment


class ScheduledStep(BaseModel):
    id: int
    followup_type: FollowUpKind
    scheduled_date: Moment


class ScheduledSequence(BaseModel):
    sequence_id: str
    job_id: int
    followups_scheduled: int
    followups: list[ScheduledStep]


class DueFollowUp(BaseModel):
    id: int
    job_id: int
    company: str
    job_title: str
    followup_type: FollowUpKind
    scheduled_date: Moment
    hours_until_due: int


class DueFollowUps(BaseModel):
    count: int
    followups: list[DueFollowUp]
