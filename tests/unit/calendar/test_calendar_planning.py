"""What happens to applications, and what comes of it in the calendar."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.calendar.kinds import event_of
from projections.calendar.tables import calendar_event
from schemas.recorded import Recorded
from streams.agent import sender
from streams.agents.calendar_planning import CalendarPlanning
from tests.grammar import Happened, World, given, happened
from tests.samples import NOW, TENANT
from tests.samples_of_applications import OFFER_ID
from tests.samples_of_calendar import CALENDAR_EVENT, INTERVIEW_ID, STARTS

ABOUT_JOB = (happened("JobCreated"), happened("ApplicationOpened"))
INTERVIEW = happened("InterviewScheduled")
OFFER = happened("OfferReceived")
ENDED = happened("ApplicationStatusChanged", to_status="rejected")
OFFER_EVENT = event_of(OFFER_ID)


@dataclass
class Planner:
    """Delivers every event of a world to the agent, as the feed would."""

    world: World
    waited: int = 0
    handled: int = 0

    def __post_init__(self) -> None:
        self.agent = CalendarPlanning(self, self._caught_up).agent()

    async def _caught_up(self) -> None:
        self.waited += 1

    async def still_to_come(self, job_number: int, now: datetime) -> Sequence[UUID]:
        return [row["id"] for row in self._rows(job_number) if row["removed_for"] is None and row["starts_at"] > now]

    async def taken_away(self, job_number: int, now: datetime) -> Sequence[UUID]:
        ended = [row for row in self._rows(job_number) if row["removed_for"] == "application_ended"]
        return [row["id"] for row in ended if row["ends_at"] > now]

    def _rows(self, job_number: int) -> list[dict[str, object]]:  # type: ignore[type-arg]
        return [row for row in self.world.rows(calendar_event) if row["job_number"] == job_number]

    async def then(self, *events: Happened) -> list[Recorded]:
        """What the agent makes of these events, and of what it makes of them."""
        before = len(self.world.log.rows) + len(events)
        self.world.record(*events)
        while self.handled < len(self.world.log.rows):
            event = self.world.recorded()[self.handled]
            self.handled += 1
            if react := self.agent.reactions.get(event.type):
                await react(event, sender(self.world.bus, self.agent.name, event))
        return self.world.recorded()[before:]


@pytest.fixture
async def planner() -> Planner:
    planner = Planner(given())
    await planner.then(*ABOUT_JOB)
    return planner


def types(events: list[Recorded]) -> list[str]:
    return [event.type for event in events]


async def test_an_interview_is_put_into_the_calendar_with_its_reminders(planner: Planner) -> None:
    [made] = await planner.then(INTERVIEW)
    assert (made.type, made.stream_id, made.owner) == ("CalendarEventScheduled", CALENDAR_EVENT, TENANT)
    assert made["summary"] == "Phone Interview: Senior Software Engineer at Google"
    assert (made["starts_at"], made["ends_at"]) == (STARTS, STARTS + timedelta(hours=1))
    assert made["reminders"] == [1440, 60, 15]
    assert made["description"] == "Review system design questions"
    assert made.metadata["causation_id"] == str(planner.world.recorded()[2].event_id)


async def test_an_interview_that_is_delivered_twice_is_one_event(planner: Planner) -> None:
    await planner.then(INTERVIEW)
    planner.handled = 2
    assert await planner.then() == []


async def test_a_moved_interview_moves_its_event(planner: Planner) -> None:
    await planner.then(INTERVIEW)
    later = STARTS + timedelta(days=1)
    moved = happened("InterviewChanged", scheduled_at=later, duration_minutes=30, location="Onsite")
    [made] = await planner.then(moved)
    assert (made.type, made["starts_at"], made["location"]) == ("CalendarEventMoved", later, "Onsite")
    assert made["ends_at"] == later + timedelta(minutes=30)


async def test_a_change_that_no_calendar_shows_changes_nothing(planner: Planner) -> None:
    await planner.then(INTERVIEW)
    assert await planner.then(happened("InterviewChanged", interviewer_name="Somebody else")) == []


async def test_a_cancelled_interview_leaves_the_calendar_and_comes_back_when_it_was_a_mistake(planner: Planner) -> None:
    await planner.then(INTERVIEW)
    [removed] = await planner.then(happened("InterviewOutcomeRecorded", outcome="cancelled"))
    assert (removed.type, removed["reason"]) == ("CalendarEventRemoved", "interview_cancelled")
    correction = happened("InterviewOutcomeRecorded", outcome="pending", outcome_before="cancelled")
    assert types(await planner.then(correction)) == ["CalendarEventRestored"]


async def test_a_passed_interview_stays_in_the_calendar(planner: Planner) -> None:
    await planner.then(INTERVIEW)
    assert await planner.then(happened("InterviewOutcomeRecorded", outcome="passed")) == []


async def test_an_offer_with_an_end_is_a_deadline_of_that_whole_day(planner: Planner) -> None:
    [made] = await planner.then(happened("OfferReceived", expires_at=datetime(2026, 3, 27, 17, 0, tzinfo=UTC)))
    assert (made.type, made.stream_id, made["kind"]) == ("CalendarEventScheduled", OFFER_EVENT, "deadline")
    assert made["summary"] == "Offer Deadline: Senior Software Engineer at Google"
    assert made["starts_at"] == datetime(2026, 3, 27, tzinfo=UTC)
    assert made["ends_at"] == datetime(2026, 3, 28, tzinfo=UTC)
    assert (made["all_day"], made["reminders"]) == (True, [4320, 1440, 180])
    assert made["description"] == "The offer expires on 2026-03-27 at 17:00 UTC."


async def test_an_offer_without_an_end_is_none(planner: Planner) -> None:
    assert await planner.then(happened("OfferReceived", expires_at=None)) == []


async def test_an_offers_deadline_follows_its_end(planner: Planner) -> None:
    await planner.then(OFFER)
    later = NOW + timedelta(days=20)
    [moved] = await planner.then(happened("OfferChanged", changed=["expires_at"], expires_at=later))
    assert (moved.type, moved["starts_at"].date()) == ("CalendarEventMoved", later.date())
    [removed] = await planner.then(happened("OfferChanged", changed=["expires_at"], expires_at=None))
    assert removed["reason"] == "no_deadline"
    again = await planner.then(happened("OfferChanged", changed=["expires_at"], expires_at=NOW + timedelta(days=30)))
    assert types(again) == ["CalendarEventRestored", "CalendarEventMoved"]


async def test_an_offer_that_gets_an_end_later_is_a_deadline_then(planner: Planner) -> None:
    await planner.then(happened("OfferReceived", expires_at=None))
    changed = happened("OfferChanged", changed=["expires_at"])
    assert types(await planner.then(changed)) == ["CalendarEventScheduled"]


async def test_other_terms_leave_the_deadline_alone(planner: Planner) -> None:
    await planner.then(OFFER)
    assert await planner.then(happened("OfferChanged", changed=["bonus"])) == []


@pytest.mark.parametrize("decision", ["OfferAccepted", "OfferDeclined"])
async def test_a_decided_offer_needs_no_deadline(planner: Planner, decision: str) -> None:
    await planner.then(OFFER)
    [removed] = await planner.then(happened(decision))
    assert (removed.stream_id, removed["reason"]) == (OFFER_EVENT, "offer_decided")
    if decision == "OfferAccepted":
        undone = happened("OfferAcceptanceUndone")
        assert types(await planner.then(undone)) == ["CalendarEventRestored"]


async def test_a_decision_about_an_offer_without_a_deadline_is_no_matter(planner: Planner) -> None:
    await planner.then(happened("OfferReceived", expires_at=None))
    assert await planner.then(happened("OfferDeclined")) == []


@pytest.mark.parametrize("end", [ENDED, happened("ApplicationClosed")])
async def test_the_end_of_an_application_takes_what_is_still_to_come_away(planner: Planner, end: Happened) -> None:
    await planner.then(INTERVIEW, OFFER)
    removed = await planner.then(end)
    assert {event.stream_id for event in removed} == {CALENDAR_EVENT, OFFER_EVENT}
    assert {event["reason"] for event in removed} == {"application_ended"}
    assert planner.waited == 1  # the read model was up to date


async def test_what_has_begun_stays_in_the_calendar(planner: Planner) -> None:
    await planner.then(INTERVIEW)
    late = happened("ApplicationStatusChanged", to_status="rejected", at=timedelta(days=3, minutes=1))
    assert await planner.then(late) == []


async def test_a_move_within_the_pipeline_takes_nothing_away(planner: Planner) -> None:
    await planner.then(INTERVIEW)
    assert await planner.then(happened("ApplicationStatusChanged", to_status="interviewing")) == []


async def test_a_restored_application_has_its_events_again(planner: Planner) -> None:
    await planner.then(INTERVIEW)
    await planner.then(happened("ApplicationStatusChanged", to_status="withdrawn", offer_id=OFFER_ID))
    restored = await planner.then(happened("ApplicationRestored"))
    assert types(restored) == ["CalendarEventRestored"]


async def test_what_the_person_removed_does_not_come_back(planner: Planner) -> None:
    await planner.then(INTERVIEW)
    await planner.then(happened("CalendarEventRemoved", reason="by_hand"))
    await planner.then(happened("ApplicationStatusChanged", to_status="withdrawn"))
    assert await planner.then(happened("ApplicationRestored")) == []


async def test_an_interview_that_comes_in_after_the_end_does_not_stay_in_the_calendar(planner: Planner) -> None:
    """The agent may see the end before the interview: they are different streams."""
    await planner.then(ENDED)
    assert types(await planner.then(INTERVIEW)) == ["CalendarEventScheduled", "CalendarEventRemoved"]


async def test_a_reminder_by_hand_is_the_persons_to_judge(planner: Planner) -> None:
    await planner.then(ENDED)
    assert await planner.then(happened("CalendarEventScheduled", UUID(int=9), source_id=None)) == []


def test_the_interviews_event_can_be_told_at_once() -> None:
    assert event_of(INTERVIEW_ID) == CALENDAR_EVENT
