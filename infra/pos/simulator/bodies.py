"""What the simulated interface takes, as strictly as it says."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query
from pydantic import AwareDatetime, BaseModel, Field

from infra.pos.simulator.envelope import ApiError
from infra.pos.simulator.state import Job

_Text = Annotated[str, Field(min_length=1)]


class Address(BaseModel):
    street: _Text
    city: _Text
    state: _Text
    zip: _Text
    country: _Text


class Contact(BaseModel):
    type: Literal["Phone", "MobilePhone", "Email", "Fax"]
    value: _Text


class Customer(BaseModel):
    name: _Text
    type: Literal["Residential", "Commercial"]
    address: Address
    contacts: list[Contact] = []


class Location(BaseModel):
    customerId: int
    name: _Text
    address: Address


class Appointment(BaseModel):
    start: AwareDatetime
    end: AwareDatetime


class ExternalDatum(BaseModel):
    key: _Text
    value: str


class ExternalData(BaseModel):
    applicationGuid: UUID
    externalData: list[ExternalDatum]


class NewJob(BaseModel):
    customerId: int
    locationId: int
    businessUnitId: int
    jobTypeId: int
    priority: Literal["Low", "Normal", "High", "Urgent"]
    campaignId: int
    appointments: Annotated[list[Appointment], Field(min_length=1)]
    summary: str | None = None
    tagTypeIds: list[int] = []
    externalData: ExternalData | None = None


class Cancel(BaseModel):
    reasonId: int
    memo: _Text


class JobQuery:
    """The filters of the job list that are simulated."""

    def __init__(
        self,
        page: Annotated[int, Query(ge=1)] = 1,
        pageSize: Annotated[int, Query(ge=1, le=5000)] = 50,
        includeTotal: bool = False,
        jobStatus: Literal["Scheduled", "InProgress", "Hold", "Completed", "Canceled"] | None = None,
        modifiedOnOrAfter: datetime | None = None,
        sort: Literal["+Id", "-Id", "+ModifiedOn", "-ModifiedOn"] = "+Id",
        externalDataApplicationGuid: str | None = None,
        externalDataKey: str | None = None,
        externalDataValues: str | None = None,
    ) -> None:
        if (externalDataKey is None) != (externalDataValues is None):
            raise ApiError(400, "externalDataKey and externalDataValues go together.")
        self.page, self.pageSize, self.includeTotal = page, pageSize, includeTotal
        self.jobStatus, self.modifiedOnOrAfter, self.sort = jobStatus, modifiedOnOrAfter, sort
        self.externalDataApplicationGuid = externalDataApplicationGuid
        self.externalDataKey = externalDataKey
        self.externalDataValues = (externalDataValues or "").split(",")


def selected(jobs: Iterable[Job], query: JobQuery) -> list[Job]:
    def fits(job: Job) -> bool:
        if query.jobStatus and job.status != query.jobStatus:
            return False
        if query.modifiedOnOrAfter and job.modified < query.modifiedOnOrAfter:
            return False
        if query.externalDataKey is None:
            return True
        entries = job.external_data(query.externalDataApplicationGuid or "")
        return any(e["key"] == query.externalDataKey and e["value"] in query.externalDataValues for e in entries)

    found = [job for job in jobs if fits(job)]
    by_id = query.sort.endswith("Id")
    return sorted(found, key=lambda job: job.id if by_id else job.modified.timestamp(), reverse=query.sort[0] == "-")
