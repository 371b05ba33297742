"""Jobs: a posting together with what has become of it."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.automation.fields import Description, Line, Moment, Money, Name, Source, Text, Url, unnamed
from domain.applications.statuses import Status

_GOOGLE: dict[str, Any] = {
    "company": "Google",
    "job_title": "Senior Software Engineer",
    "job_description": "We are looking for...",
    "job_url": "https://careers.google.com/jobs/123",
    "location": "Mountain View, CA",
    "salary_min": 150000,
    "salary_max": 220000,
    "source": "linkedin",
}


class _Salaries(BaseModel):
    salary_min: Money | None = None
    salary_max: Money | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.salary_min is not None and self.salary_max is not None and self.salary_max < self.salary_min:
            raise ValueError("salary_max must not be below salary_min")
        return self


class NewJob(_Salaries):
    """A posting that somebody wants to follow."""

    model_config = ConfigDict(json_schema_extra={"example": _GOOGLE})

    company: Name
    job_title: Name
    job_description: Description | None = None
    job_url: Url | None = None
    location: Line | None = None
    source: Source = "manual"


class JobChanges(_Salaries):
    """What is to change; what is not named stays. A status obeys the same table of moves as everywhere."""

    model_config = ConfigDict(json_schema_extra={"example": {"status": "applied", "notes": "Applied via company site"}})

    company: Name = unnamed()
    job_title: Name = unnamed()
    job_description: Description | None = None
    job_url: Url | None = None
    location: Line | None = None
    source: Source = unnamed()
    status: Status | None = None
    notes: Text | None = None


class Job(BaseModel):
    id: int
    job_id: str
    company: str
    job_title: str
    job_description: str | None
    job_url: str | None
    location: str | None
    salary_min: float | None
    salary_max: float | None
    source: str
    status: Status
    match_score: float | None
    created_at: Moment
    updated_at: Moment


class JobDetails(Job):
    recommendation: str | None


class JobSummary(BaseModel):
    id: int
    company: str
    job_title: str
    status: Status
    match_score: float | None
    created_at: Moment


class JobList(BaseModel):
    total: int
    jobs: list[JobSummary]
    skip: int
    limit: int


class ExtensionJob(BaseModel):
    """A posting as the browser extension sends it."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "company": "Google",
                "jobTitle": "Senior Software Engineer",
                "jobDescription": "We are looking for...",
                "jobUrl": "https://careers.google.com/jobs/123",
                "location": "Mountain View, CA",
                "source": "linkedin",
            }
        }
    )

    company: Name
    title: Name = Field(alias="jobTitle")
    description: Description | None = Field(None, alias="jobDescription")
    url: Url | None = Field(None, alias="jobUrl")
    location: Line | None = None
    source: Source = "extension"


class Processed(BaseModel):
    success: bool
    jobId: int
    matchScore: float | None
    message: str
    driveUrl: str | None
    status: Status
