"""Every line of the document's "Automatic Integrations": what one thing causes in another."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from domain.applications.statuses import ACTIVE, Status
from tests.contract.automation.document import ACCEPTANCE, NEW_FOLLOW_UP
from tests.contract.automation.seeker import WAYS, People, Seeker
from tests.running import until

DAY = timedelta(days=1)


def due(follow_ups: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(one["followup_type"], one["scheduled_date"]) for one in follow_ups]


def at_nine(*days: int, since: datetime) -> list[str]:
    return [f"{since.date() + day * DAY}T09:00:00Z" for day in days]


# Update Job Status


async def test_moving_to_applied_schedules_the_follow_ups_of_an_application(seeker: Seeker) -> None:
    id = await seeker.job()
    moved = datetime.fromisoformat((await seeker.move(id, "applied"))["status_changed_at"])
    found = due(await seeker.follow_ups(id, 3))
    assert [kind for kind, _ in found] == ["post_application", "second_followup", "final_followup"]
    assert [at for _, at in found] == at_nine(3, 7, 14, since=moved)


async def test_moving_to_interviewing_schedules_the_follow_ups_of_an_interview(seeker: Seeker) -> None:
    id = await seeker.job("applied")
    await seeker.follow_ups(id, 3)
    moved = datetime.fromisoformat((await seeker.move(id, "interviewing"))["status_changed_at"])
    found = [one for one in due(await seeker.follow_ups(id, 5)) if one[0] == "post_interview"]
    assert [at for _, at in found] == at_nine(1, 3, since=moved)


async def test_a_changed_status_is_shown_by_every_answer_at_once(seeker: Seeker) -> None:
    id = await seeker.job()
    before = (await seeker.ask("GET", "/ats/statistics"))["by_status"].get("applied", 0)
    await seeker.move(id, "applied")
    assert (await seeker.shown(id))["status"] == "applied"
    assert (await seeker.ask("GET", "/jobs?status_filter=applied"))["jobs"][0]["id"] == id
    assert (await seeker.ask("GET", "/ats/statistics"))["by_status"]["applied"] == before + 1
    assert (await seeker.timeline(id))["events"][-1]["to_status"] == "applied"


# Schedule Interview


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("saved", "interview_scheduled"),
        ("applied", "interview_scheduled"),
        ("interview_scheduled", "interview_scheduled"),
        ("interviewing", "interviewing"),
        ("offer_received", "interview_scheduled"),
    ],
)
async def test_an_interview_moves_the_application_unless_it_is_interviewing(
    seeker: Seeker, before: str, after: str
) -> None:
    id = await seeker.job(before)
    await seeker.interview(id)
    assert (await seeker.shown(id))["status"] == after


@pytest.mark.parametrize("status", ["accepted", "declined", "rejected", "withdrawn"])
async def test_an_application_that_has_ended_takes_neither_interview_nor_offer(seeker: Seeker, status: str) -> None:
    id = await seeker.job(status)
    for path, body in (
        ("interviews", {"interview_type": "phone", "scheduled_date": "2035-11-15T14:00:00Z"}),
        ("offers", {"base_salary": 180000}),
    ):
        told = await seeker.refused("POST", f"/ats/{path}", {"job_id": id, **body})
        assert told == f"The application is {status}: nothing more can be added to it"
        assert await seeker.ask("GET", f"/ats/jobs/{id}/{path}") == []


# Record Offer


@pytest.mark.parametrize("before", ["saved", "applied", "interview_scheduled", "interviewing", "offer_received"])
async def test_an_offer_moves_the_application(seeker: Seeker, before: str) -> None:
    id = await seeker.job(before)
    await seeker.offer(id)
    assert (await seeker.shown(id))["status"] == "offer_received"


# Update Offer, if accepted


async def test_accepting_an_offer_withdraws_every_other_active_application(people: People) -> None:
    seeker = await people.somebody()
    others = {status: await seeker.job(status) for status in WAYS if status != "accepted"}
    chosen = await seeker.job("interviewing")
    offer = await seeker.offer(chosen)
    await seeker.ask("PUT", f"/ats/offers/{offer['id']}", ACCEPTANCE)
    assert (await seeker.shown(chosen))["status"] == "accepted"
    for status, id in others.items():
        expected = "withdrawn" if Status(status) in ACTIVE else status
        await seeker.until(id, expected)
    timeline = await seeker.timeline(others["applied"])
    assert timeline["events"][-1]["from_status"] == "applied"


async def test_an_acceptance_is_undone_with_everything_that_it_withdrew(people: People) -> None:
    seeker = await people.somebody()
    waiting, moved_on, gone = await seeker.job("applied"), await seeker.job("applied"), await seeker.job("applied")
    chosen = await seeker.job("interviewing")
    offer = await seeker.offer(chosen)
    path = f"/ats/offers/{offer['id']}"
    assert "Only an accepted offer" in await seeker.refused("POST", f"{path}/undo")
    await seeker.ask("PUT", path, ACCEPTANCE)
    for id in (waiting, moved_on, gone):
        await seeker.until(id, "withdrawn")
    await seeker.ask("DELETE", f"/jobs/{gone}", status=204)
    once = {"Idempotency-Key": str(uuid4())}
    undone = await seeker.ask("POST", f"{path}/undo", headers=once)
    again = await seeker.ask("POST", f"{path}/undo", headers=once)
    assert again == undone
    assert undone["offer"] == {**offer, "notes": ACCEPTANCE["notes"]}
    assert sorted(undone["restored"]) == [waiting, moved_on]
    assert undone["left_alone"] == [gone]
    assert (await seeker.shown(waiting))["status"] == "applied"
    assert (await seeker.shown(chosen))["status"] == "offer_received"


async def test_an_acceptance_is_undone_within_the_grace_period_only(people: People) -> None:
    seeker = await people.somebody()
    offer = await seeker.offer(await seeker.job("interviewing"))
    await seeker.ask("PUT", f"/ats/offers/{offer['id']}", ACCEPTANCE)
    people.clock.skip(25 * 3600)
    assert "could be undone until" in await seeker.refused("POST", f"/ats/offers/{offer['id']}/undo")


@pytest.mark.parametrize("status", ["declined", "expired"])
async def test_an_offer_that_came_to_nothing_is_shown_so_and_decided_once(seeker: Seeker, status: str) -> None:
    id = await seeker.job("interviewing")
    offer = await seeker.offer(id)
    path = f"/ats/offers/{offer['id']}"
    answer = await seeker.ask("PUT", path, {"offer_status": status, "notes": "Too far away"})
    assert (answer["offer_status"], answer["notes"]) == (status, "Too far away")
    assert (await seeker.shown(id))["status"] == ("declined" if status == "declined" else "offer_received")
    for other in ("accepted", "pending", "negotiating"):
        assert f"Offer cannot go from {status} to {other}" in await seeker.refused("PUT", path, {"offer_status": other})


async def test_an_offer_that_is_sent_back_as_it_is_changes_nothing(seeker: Seeker) -> None:
    offer = await seeker.offer(await seeker.job("interviewing"))
    before = await seeker.caused()
    assert await seeker.ask("PUT", f"/ats/offers/{offer['id']}", offer) == offer
    assert await seeker.caused() == before


async def test_a_decision_date_goes_with_a_decision(seeker: Seeker) -> None:
    offer = await seeker.offer(await seeker.job("interviewing"))
    told = await seeker.refused("PUT", f"/ats/offers/{offer['id']}", {"decision_date": "2025-11-22T09:00:00Z"})
    assert "a decision_date goes with" in told


async def test_an_offer_expires_by_itself(people: People) -> None:
    seeker = await people.somebody()
    id = await seeker.job("interviewing")
    await seeker.offer(id, expiration_date=(people.clock.now() + DAY).isoformat())
    people.clock.skip(25 * 3600)

    async def expired() -> bool:
        [offer] = await seeker.ask("GET", f"/ats/jobs/{id}/offers")
        return bool(offer["offer_status"] == "expired")

    await until(expired, 30)


# Follow-ups


async def test_a_follow_up_becomes_due_in_its_time_and_is_told_once(people: People) -> None:
    seeker = await people.somebody()
    id = await seeker.job("applied")
    await seeker.follow_ups(id, 3)
    people.clock.skip(4 * 86400)

    async def first_is_due() -> bool:
        statuses = [one["status"] for one in await seeker.ask("GET", f"/followup/jobs/{id}")]
        return statuses == ["due", "scheduled", "scheduled"]

    await until(first_is_due, 30)
    answer = await seeker.ask("GET", "/followup/due")
    assert [one["hours_until_due"] for one in answer["followups"]] == [0]
    told = [event for event in (await seeker.timeline(id))["events"] if event["event_type"] == "follow_up_due"]
    assert [event["item_id"] for event in told] == [answer["followups"][0]["id"]]


@pytest.mark.parametrize("end", ["rejected", "withdrawn"])
async def test_the_end_of_an_application_cancels_what_is_still_scheduled(seeker: Seeker, end: str) -> None:
    id = await seeker.job("applied")
    first, *_ = await seeker.follow_ups(id, 3)
    await seeker.ask("POST", f"/followup/{first['id']}/sent", {})
    await seeker.move(id, end)

    async def cancelled() -> bool:
        statuses = [one["status"] for one in await seeker.ask("GET", f"/followup/jobs/{id}")]
        return statuses == ["sent", "cancelled", "cancelled"]

    await until(cancelled, 30)


@pytest.mark.parametrize("over", ["sent", "cancelled"])
async def test_a_follow_up_that_is_over_stays_as_it_is(seeker: Seeker, over: str) -> None:
    body = {**NEW_FOLLOW_UP, "job_id": await seeker.job(), "scheduled_date": (datetime.now(UTC) + DAY).isoformat()}
    id = (await seeker.ask("POST", "/followup/schedule", body, 201))["id"]
    asked = {"sent": ("POST", f"/followup/{id}/sent", {}), "cancelled": ("DELETE", f"/followup/{id}", None)}
    done, other = asked.pop(over), asked.popitem()[1]
    first = await seeker.client.request(done[0], done[1], json=done[2])
    again = await seeker.client.request(done[0], done[1], json=done[2])
    assert first.is_success
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert over in await seeker.refused(*other)


async def test_the_last_follow_up_of_an_interview_comes_only_without_a_response(people: People) -> None:
    seeker = await people.somebody()
    answered, silent = await seeker.job("interviewing"), await seeker.job("interviewing")
    for id in (answered, silent):
        await seeker.follow_ups(id, 5)
    await seeker.offer(answered)
    people.clock.skip(5 * 86400)

    async def last_of(id: int) -> str:
        found = await seeker.ask("GET", f"/followup/jobs/{id}")
        return str([one["status"] for one in found if one["followup_type"] == "post_interview"][-1])

    async def settled() -> bool:
        return (await last_of(answered), await last_of(silent)) == ("cancelled", "due")

    await until(settled, 30)
