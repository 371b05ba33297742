"""Which events connected clients are told of, and what.

A fold only writes rows; sending is the web sockets' business, which remember how far they have come. So folding again
makes the same rows and sends nothing.

An event makes one row at most, so that its position is enough to go on after. Of the log's last `KEPT` positions every
row is there: a row's place is its position modulo `KEPT`, where the next one of that place takes it over. That bounds
the table without anything that depends on when it is tidied up.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any
from uuid import UUID

from domain.applications.statuses import Status
from domain.notifications.channels import Channel
from projections.live_updates.tables import live_channel, live_update
from projections.read_model import ReadModel
from projections.rows import Rows
from schemas.recorded import Recorded

live_updates = ReadModel("live_updates", version=1, tables=[live_update, live_channel])

KEPT = 100_000
EVERYBODY = UUID(int=0)


class Kind(StrEnum):
    ANNOUNCED = "announced"
    JOB_CREATED = "job_created"
    STATUS_CHANGED = "status_changed"
    INTERVIEW_SCHEDULED = "interview_scheduled"
    FOLLOW_UP_DUE = "follow_up_due"
    OFFER_RECEIVED = "offer_received"
    OFFER_ACCEPTED = "offer_accepted"


def _tell(rows: Rows, event: Recorded, kind: Kind, channel: str, owner: UUID, data: Mapping[str, Any]) -> None:
    rows.upsert(
        live_update,
        event.position % KEPT,
        position=event.position,
        owner=owner,
        kind=kind.value,
        channel=channel,
        data=data,
        occurred_at=event.occurred_at,
    )
    rows.upsert(live_channel, channel, last_event=event.occurred_at)


def _tell_owner(rows: Rows, event: Recorded, kind: Kind, channel: Channel, *fields: str) -> None:
    _tell(rows, event, kind, channel.value, event.owner, {field: event[field] for field in fields})


@live_updates.on("Announced")
def announced(rows: Rows, event: Recorded) -> None:
    said = {field: event[field] for field in ("message", "severity")}
    _tell(rows, event, Kind.ANNOUNCED, event["channel"], EVERYBODY, said)


@live_updates.on("JobCreated")
def job_created(rows: Rows, event: Recorded) -> None:
    _tell_owner(rows, event, Kind.JOB_CREATED, Channel.JOBS, "number", "company", "title")


@live_updates.on("JobSaved")
def job_saved(rows: Rows, event: Recorded) -> None:
    moved = {"number": event["number"], "from_status": Status.PROCESSING.value, "to_status": Status.SAVED.value}
    _tell(rows, event, Kind.STATUS_CHANGED, Channel.APPLICATIONS.value, event.owner, moved)


@live_updates.on("ApplicationStatusChanged", "ApplicationRestored")
def status_changed(rows: Rows, event: Recorded) -> None:
    _tell_owner(rows, event, Kind.STATUS_CHANGED, Channel.APPLICATIONS, "number", "from_status", "to_status")


@live_updates.on("InterviewScheduled")
def interview_scheduled(rows: Rows, event: Recorded) -> None:
    fields = ("number", "job_number", "kind", "scheduled_at")
    _tell_owner(rows, event, Kind.INTERVIEW_SCHEDULED, Channel.INTERVIEWS, *fields)


@live_updates.on("FollowUpBecameDue")
def follow_up_due(rows: Rows, event: Recorded) -> None:
    fields = ("number", "job_number", "company", "title", "due_at")
    _tell_owner(rows, event, Kind.FOLLOW_UP_DUE, Channel.FOLLOW_UPS, *fields)


@live_updates.on("OfferReceived")
def offer_received(rows: Rows, event: Recorded) -> None:
    _tell_owner(rows, event, Kind.OFFER_RECEIVED, Channel.APPLICATIONS, "number", "job_number", "company", "title")


@live_updates.on("OfferAccepted")
def offer_accepted(rows: Rows, event: Recorded) -> None:
    _tell_owner(rows, event, Kind.OFFER_ACCEPTED, Channel.APPLICATIONS, "number", "job_number", "company", "title")
