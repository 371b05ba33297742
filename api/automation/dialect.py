"""What the document calls the channels and the events of its web socket."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from api.errors import timestamp
from api.live.envelope import Dialect
from domain.notifications.channels import Channel
from projections.live_updates.fold import Kind
from projections.live_updates.queries import LiveUpdate

CHANNELS: Mapping[str, Channel] = {
    "jobs": Channel.JOBS,
    "applications": Channel.APPLICATIONS,
    "recommendations": Channel.RECOMMENDATIONS,
    "skills": Channel.SKILLS,
    "followups": Channel.FOLLOW_UPS,
    "interviews": Channel.INTERVIEWS,
    "system": Channel.SYSTEM,
}
NAMES: Mapping[str, str] = {channel.value: name for name, channel in CHANNELS.items()}

Data = Mapping[str, Any]


def _announced(said: Data, update: LiveUpdate) -> Data:
    return {**said, "channel": NAMES.get(update.channel, update.channel)}


def _job(job: Data, update: LiveUpdate) -> Data:
    return {"job_id": job["number"], "company": job["company"], "job_title": job["title"]}


def _status(change: Data, update: LiveUpdate) -> Data:
    return {"job_id": change["number"], "old_status": change["from_status"], "new_status": change["to_status"]}


def _interview(interview: Data, update: LiveUpdate) -> Data:
    return {
        "job_id": interview["job_number"],
        "interview_type": interview["kind"],
        "scheduled_date": timestamp(datetime.fromisoformat(interview["scheduled_at"])),
    }


def _follow_up(follow_up: Data, update: LiveUpdate) -> Data:
    left = datetime.fromisoformat(follow_up["due_at"]) - update.occurred_at
    return {
        "followup_id": follow_up["number"],
        "job_title": follow_up["title"],
        "company": follow_up["company"],
        "hours_until_due": max(0, round(left / timedelta(hours=1))),
    }


def _offer(offer: Data, update: LiveUpdate) -> Data:
    return {
        "offer_id": offer["number"],
        "job_id": offer["job_number"],
        "company": offer["company"],
        "job_title": offer["title"],
    }


_SPOKEN: Mapping[Kind, tuple[str, Callable[[Data, LiveUpdate], Data]]] = {
    Kind.ANNOUNCED: ("system.broadcast", _announced),
    Kind.JOB_CREATED: ("job.created", _job),
    Kind.STATUS_CHANGED: ("application.status_changed", _status),
    Kind.INTERVIEW_SCHEDULED: ("interview.scheduled", _interview),
    Kind.FOLLOW_UP_DUE: ("followup.due", _follow_up),
    Kind.OFFER_RECEIVED: ("offer.received", _offer),
    Kind.OFFER_ACCEPTED: ("offer.accepted", _offer),
}


def _spoken(update: LiveUpdate) -> tuple[str, Data]:
    type, data = _SPOKEN[update.kind]
    return type, data(update.data, update)


DIALECT = Dialect(CHANNELS, _spoken)
