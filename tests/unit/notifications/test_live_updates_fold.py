from datetime import timedelta

import pytest

from commands.notifications import Announce
from domain.notifications.channels import Channel, Severity
from projections.live_updates import fold
from projections.live_updates.fold import EVERYBODY
from projections.live_updates.tables import live_channel, live_update
from tests.grammar import World, given, happened
from tests.samples import NOW


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
