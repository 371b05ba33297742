"""What one thing causes in another, over a running system whose time the test moves."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest

from commands.applications import (
    AcceptOffer,
    CancelFollowUp,
    ChangeApplicationStatus,
    ChangeInterview,
    DeclineOffer,
    RecordOffer,
    ScheduleFollowUp,
    ScheduleFollowUpSequence,
    ScheduleInterview,
    UndoAcceptance,
)
from commands.jobs import CreateJob, RemoveJob
from domain.applications.application import ApplicationEnded
from domain.applications.offer import NotAccepted, TooLate
from domain.applications.statuses import FollowUpKind, InterviewKind, InterviewOutcome, Status
from infra.recorded_rows import recorded as as_recorded
from runtime.system import System
from tests.applicant import Applicant
from tests.grammar import StandingClock
from tests.running import until
from tests.samples import NOW

GRACE = timedelta(hours=24)


@pytest.fixture
def lively(active: System, clock: StandingClock) -> Applicant:
    """Somebody who looks for work, over a system with agents and timers."""
    return Applicant(active, clock)


async def seen(applicant: Applicant, **expected: Any) -> None:
    """Wait until the person's jobs have these statuses, by `j<number>`."""

    async def so() -> bool:
        statuses = await applicant.statuses()
        return all(statuses.get(int(name[1:])) == status for name, status in expected.items())

    await until(so, 60)


async def follow_ups(applicant: Applicant, job: int, count: int, status: str = "scheduled") -> list[Any]:
    """The job's follow-ups, once as many have the status."""

    async def so() -> list[Any] | bool:
        found = [row for row in await applicant.ask.follow_ups.of_job(job) if row["status"] == status]
        return found if len(found) == count else False

    found: list[Any] = await until(so, 60)
    return found


async def test_a_new_job_is_saved_once_it_is_processed(lively: Applicant) -> None:
    number = (await lively.do(CreateJob("Google", "Engineer"))).number
    await seen(lively, **{f"j{number}": "saved"})


async def test_accepting_an_offer_withdraws_every_other_active_application(lively: Applicant) -> None:
    stranger = Applicant(lively.system, lively.clock)
    theirs = await stranger.job(Status.APPLIED)
    others = [await lively.job(status) for status in (Status.APPLIED, Status.INTERVIEWING, Status.OFFER_RECEIVED)]
    saved, rejected = await lively.job(Status.SAVED), await lively.job(Status.REJECTED)
    job = await lively.job(Status.INTERVIEWING)
    offer = await lively.offer(job)
    await lively.do(AcceptOffer(offer))
    await seen(lively, **{f"j{number}": "withdrawn" for number in others})
    statuses = await lively.statuses()
    assert (statuses[job], statuses[saved], statuses[rejected]) == ("accepted", "saved", "rejected")
    assert (await stranger.statuses())[theirs] == "applied"
    events = await recorded(lively, "OthersWithdrawn")
    assert [(victim["job_number"], victim["from_status"]) for victim in events[0]["victims"]] == [
        (others[0], "applied"),
        (others[1], "interviewing"),
        (others[2], "offer_received"),
    ]


async def recorded(applicant: Applicant, type: str) -> list[Any]:
    """The person's events of a type, decoded."""
    store, codec = applicant.system.store, applicant.system.codec
    pool = applicant.system.database.pool
    rows = await pool.fetch(
        "select * from events where owner = $1 and type = $2 order by position", applicant.owner, type
    )
    events = [as_recorded(row, store.epoch, codec.decode) for row in rows]
    await codec.open(events)
    return events


async def test_a_mistaken_acceptance_is_undone_with_all_that_it_caused(lively: Applicant) -> None:
    applied, gone = await lively.job(Status.APPLIED), await lively.job(Status.INTERVIEWING)
    job = await lively.job(Status.INTERVIEWING)
    offer = await lively.offer(job)
    await lively.do(AcceptOffer(offer))
    await seen(lively, **{f"j{applied}": "withdrawn", f"j{gone}": "withdrawn"})
    await lively.do(RemoveJob(gone))
    lively.clock.move(timedelta(hours=23))
    undone = await lively.do(UndoAcceptance(offer, GRACE))
    assert (undone.restored, undone.left_alone) == ([applied], [gone])
    statuses = await lively.statuses()
    assert (statuses[applied], statuses[job]) == ("applied", "offer_received")
    assert (await lively.ask.offers.by_number(offer, lively.owner) or {})["status"] == "pending"
    with pytest.raises(NotAccepted):
        await lively.do(UndoAcceptance(offer, GRACE))
    # What was restored sets nothing going: the sequence of `applied` is the one from before, cancelled by now.
    assert len(await recorded(lively, "ApplicationRestored")) == 2
    await lively.do(AcceptOffer(offer))
    await seen(lively, **{f"j{applied}": "withdrawn"})


async def test_an_acceptance_cannot_be_undone_after_its_grace_period(lively: Applicant) -> None:
    offer = await lively.offer(await lively.job(Status.INTERVIEWING))
    await lively.do(AcceptOffer(offer))
    lively.clock.move(GRACE + timedelta(seconds=1))
    with pytest.raises(TooLate, match="could be undone until"):
        await lively.do(UndoAcceptance(offer, GRACE))


async def test_a_status_schedules_its_follow_ups_at_nine_o_clock(lively: Applicant) -> None:
    lively.clock.move(timedelta(hours=6, minutes=20))
    job = await lively.job(Status.APPLIED)
    first = await follow_ups(lively, job, 3)
    assert [(row["kind"], row["due_at"]) for row in first] == [
        ("post_application", datetime(2026, 3, 5, 9, tzinfo=UTC)),
        ("second_followup", datetime(2026, 3, 9, 9, tzinfo=UTC)),
        ("final_followup", datetime(2026, 3, 16, 9, tzinfo=UTC)),
    ]
    await lively.do(ChangeApplicationStatus(job, Status.INTERVIEWING))
    found = await follow_ups(lively, job, 5)
    assert [row["due_at"].day for row in found if row["sequence"] == "post_interview"] == [3, 5]
    await lively.do(ScheduleFollowUpSequence(job, "offer_pending"))
    found = await follow_ups(lively, job, 7)
    assert [row["due_at"].day for row in found if row["sequence"] == "offer_pending"] == [5, 7]


@pytest.mark.parametrize("end", ["rejected", "removed"])
async def test_leaving_the_pipeline_cancels_what_is_still_scheduled(lively: Applicant, end: str) -> None:
    job = await lively.job(Status.APPLIED)
    rows = await follow_ups(lively, job, 3)
    await lively.do(RemoveJob(job) if end == "removed" else ChangeApplicationStatus(job, Status.REJECTED))

    async def cancelled() -> bool:
        found = await lively.system.database.pool.fetch(
            "select status from applications_v1.follow_up where number = any($1)", [row["number"] for row in rows]
        )
        return all(row["status"] == "cancelled" for row in found)

    await until(cancelled, 60)


async def test_a_follow_up_announces_itself_once_when_it_is_due(lively: Applicant) -> None:
    job = await lively.job(Status.SAVED)
    soon = await lively.do(ScheduleFollowUp(job, FollowUpKind.CUSTOM, NOW + timedelta(days=1)))
    never = await lively.do(ScheduleFollowUp(job, FollowUpKind.CUSTOM, NOW + timedelta(days=1)))
    await lively.do(CancelFollowUp(never.number))
    lively.clock.move(timedelta(days=2))
    [due] = await follow_ups(lively, job, 1, "due")
    assert due["number"] == soon.number
    [event] = await recorded(lively, "FollowUpBecameDue")
    causes = await recorded(lively, "FollowUpScheduled")
    assert event.metadata["causation_id"] == str(causes[0].event_id)
    assert (event["company"], event["title"], event["number"]) == ("Google", "Engineer", soon.number)


@pytest.mark.parametrize("response", ["outcome", "status", "none"])
async def test_the_last_step_after_an_interview_comes_due_only_without_response(
    lively: Applicant, response: str
) -> None:
    job = await lively.job(Status.APPLIED)
    interview = await lively.do(ScheduleInterview(job, InterviewKind.PHONE, NOW, 60))
    await lively.do(ChangeApplicationStatus(job, Status.INTERVIEWING))
    await follow_ups(lively, job, 5)
    if response == "outcome":
        await lively.do(ChangeInterview(interview.number, outcome=InterviewOutcome.PASSED))
        await follow_ups(lively, job, 1, "cancelled")
    elif response == "status":
        await lively.do(RecordOffer(job))
    lively.clock.move(timedelta(days=3, hours=1))
    # Of both sequences the steps of days 1 and 3, and the inquiry of day 3 where nobody has answered.
    due = await follow_ups(lively, job, 3 if response == "none" else 2, "due")
    assert sum(row["only_without_response"] for row in due) == (response == "none")


async def test_an_offer_expires_unless_it_was_decided(lively: Applicant) -> None:
    jobs = [await lively.job(Status.INTERVIEWING) for _ in range(3)]
    late, declined, dropped = [await lively.offer(job, expires_at=NOW + timedelta(days=7)) for job in jobs]
    await lively.do(DeclineOffer(declined))
    await lively.do(ChangeApplicationStatus(jobs[2], Status.REJECTED))
    lively.clock.move(timedelta(days=8))

    async def status(number: int) -> str:
        return str((await lively.ask.offers.by_number(number, lively.owner) or {})["status"])

    async def expired() -> bool:
        return await status(late) == "expired"

    await until(expired, 60)
    assert (await status(declined), await status(dropped)) == ("declined", "pending")


async def test_whatever_follows_from_a_command_names_what_caused_it(lively: Applicant) -> None:
    other, job = await lively.job(Status.APPLIED), await lively.job(Status.INTERVIEWING)
    await follow_ups(lively, other, 3)
    offer = await lively.offer(job)
    accepting = await lively.send(AcceptOffer(offer))
    await follow_ups(lively, other, 3, "cancelled")
    rows = await lively.system.database.pool.fetch(
        "select event_id, type, metadata from events where owner = $1 and position >= $2 order by position",
        lively.owner,
        accepting.first,
    )
    by_id = {row["event_id"]: row for row in rows}

    def cause(row: Any) -> str | None:
        causing = by_id.get(UUID(orjson.loads(row["metadata"]).get("causation_id", str(UUID(int=0)))))
        return causing and f"{causing['type']}"

    causes = {row["type"]: cause(row) for row in rows}
    assert causes["OfferAccepted"] is None
    assert causes["OthersWithdrawn"] == "OfferAccepted"
    assert causes["FollowUpCancelled"] == "ApplicationStatusChanged"


async def test_interviews_and_offers_are_refused_once_the_application_is_over(lively: Applicant) -> None:
    job = await lively.job(Status.REJECTED)
    with pytest.raises(ApplicationEnded):
        await lively.do(ScheduleInterview(job, InterviewKind.PHONE, NOW, 60))
    with pytest.raises(ApplicationEnded):
        await lively.do(RecordOffer(job))
