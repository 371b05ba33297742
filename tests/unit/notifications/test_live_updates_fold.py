from datetime import timedelta
from typing import Any

import pytest

from commands.notifications import Announce
from domain.notifications.channels import Channel, Severity
from projections.live_updates import fold
from projections.live_updates.fold import EVERYBODY
from projections.live_updates.tables import live_channel, live_update
from tests.grammar import REGISTRY, World, given, happened
from tests.samples import NOW, TENANT

NAMED = {"company": "Google", "title": "Senior Software Engineer"}


def test_an_announcement_is_recorded_with_what_it_says() -> None:
    command = Announce("Back in five minutes", Channel.SYSTEM, Severity.WARNING)
    World().when(command).then("Announced", message="Back in five minutes", channel="system", severity="warning")


def test_an_announcement_is_for_everybody() -> None:
    given(happened("Announced")).then_rows(
        live_update,
        position=1,
        owner=EVERYBODY,
        kind="announced",
        channel="system",
        data={"message": "System maintenance in 5 minutes", "severity": "warning"},
        occurred_at=NOW,
    )


def test_the_latest_event_of_each_channel_is_known() -> None:
    given(
        happened("Announced", at=timedelta(hours=1)),
        happened("Announced", channel="jobs", at=timedelta(hours=2)),
        happened("Announced", at=timedelta(hours=3)),
    ).then_rows(
        live_channel,
        {"channel": "system", "last_event": NOW + timedelta(hours=3)},
        {"channel": "jobs", "last_event": NOW + timedelta(hours=2)},
    )


def test_the_updates_of_the_last_positions_are_kept_and_older_ones_give_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fold, "KEPT", 3)
    world = given(*(happened("Announced", message=f"number {n}") for n in range(1, 6)))
    kept = sorted((row["position"], row["data"]["message"]) for row in world.rows(live_update))
    assert kept == [(3, "number 3"), (4, "number 4"), (5, "number 5")]


@pytest.mark.parametrize(
    ("event", "kind", "channel", "data"),
    [
        ("JobCreated", "job_created", "jobs", {"number": 1, **NAMED}),
        (
            "JobSaved",
            "status_changed",
            "applications",
            {"number": 1, "from_status": "processing", "to_status": "saved"},
        ),
        ("OfferReceived", "offer_received", "applications", {"number": 21, "job_number": 1, **NAMED}),
        ("OfferAccepted", "offer_accepted", "applications", {"number": 21, "job_number": 1, **NAMED}),
        (
            "InterviewScheduled",
            "interview_scheduled",
            "interviews",
            {"number": 11, "job_number": 1, "kind": "phone", "scheduled_at": NOW + timedelta(days=3)},
        ),
    ],
)
def test_what_happens_to_a_person_is_told_to_that_person(
    event: str, kind: str, channel: str, data: dict[str, Any]
) -> None:
    given(happened(event)).then_rows(live_update, owner=TENANT, kind=kind, channel=channel, data=data)


@pytest.mark.parametrize("event", ["ApplicationStatusChanged", "ApplicationRestored"])
def test_every_change_of_a_status_is_told_restorations_too(event: str) -> None:
    told = {"number": 1, "from_status": "withdrawn", "to_status": "applied"}
    given(happened(event, **told)).then_rows(live_update, kind="status_changed", channel="applications", data=told)


def test_a_follow_up_that_is_due_is_told_with_what_it_is_about() -> None:
    due = NOW + timedelta(hours=2)
    given(happened("FollowUpBecameDue", due_at=due)).then_rows(
        live_update,
        kind="follow_up_due",
        channel="follow_ups",
        data={"number": 41, "job_number": 1, **NAMED, "due_at": due},
    )


PERSONAL = ("InterviewScheduled", "OfferReceived", "ApplicationStatusChanged", "FollowUpBecameDue")


@pytest.mark.parametrize("event", PERSONAL)
def test_nothing_personal_is_told(event: str) -> None:
    sealed = {field.name for field in REGISTRY.latest(happened(event).topic).personal}
    [row] = given(happened(event)).rows(live_update)
    assert not sealed & row["data"].keys()
