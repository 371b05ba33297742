"""Every pair of statuses: a move is possible exactly where the rules, written down here once more, allow it."""

from datetime import timedelta
from uuid import uuid4

import pytest

from commands.applications import ChangeApplicationStatus, ScheduleInterview
from commands.applications.statuses import StatusChanged
from commands.bus import IdempotencyKey
from commands.jobs import UpdateJob
from domain.applications.application import Application, ApplicationEnded
from domain.applications.offer import Offer
from domain.applications.statuses import ACTIVE, FINAL, InterviewKind, OfferStatus, Status
from domain.errors import IllegalTransition
from tests.grammar import World, given, happened
from tests.samples import NOW
from tests.samples_of_applications import APPLICATION_ID, JOB, OFFER_ID

LATER = NOW + timedelta(hours=1)
FORWARD = {
    ("processing", "saved"),
    ("processing", "applied"),
    ("saved", "applied"),
    ("applied", "interview_scheduled"),
    ("applied", "interviewing"),
    ("interview_scheduled", "interviewing"),
    ("interviewing", "offer_received"),
    ("offer_received", "accepted"),
    ("offer_received", "declined"),
}
OVER = {"accepted", "declined", "rejected", "withdrawn"}
PAIRS = [(from_, to) for from_ in Status for to in Status]


def allowed(from_: Status, to: Status) -> bool:
    return (from_.value, to.value) in FORWARD or (from_.value not in OVER and to.value in {"rejected", "withdrawn"})


def application_that_is(status: Status) -> World:
    world = given(happened("JobCreated"), happened("ApplicationOpened"))
    if status is Status.PROCESSING:
        return world
    if status is Status.SAVED:
        return world.record(happened("JobSaved"))
    return world.record(happened("ApplicationStatusChanged", from_status="processing", to_status=status.value))


def test_a_move_that_is_repeated_answers_as_the_first_one() -> None:
    world, key = application_that_is(Status.SAVED), IdempotencyKey(uuid4(), b"body")
    move = ChangeApplicationStatus(JOB, Status.APPLIED, None)
    first = world.when(move, idempotency=key)
    world.after(hours=1).when(ChangeApplicationStatus(JOB, Status.REJECTED, None))
    again = world.when(move, idempotency=key)
    again.then_nothing()
    assert again.result == first.result == StatusChanged(Status.SAVED, Status.APPLIED, NOW)


@pytest.mark.parametrize(("from_", "to"), PAIRS)
def test_a_person_moves_an_application_where_the_rules_allow_it(from_: Status, to: Status) -> None:
    answered = application_that_is(from_).when(ChangeApplicationStatus(JOB, to, "so I say"))
    if allowed(from_, to):
        answered.then("ApplicationStatusChanged", from_status=from_.value, to_status=to.value, notes="so I say")
        return
    refusal = answered.then_refused(IllegalTransition)
    moves = sorted(other.value for other in Status if allowed(from_, other))
    assert str(refusal) == f"Application cannot go from {from_} to {to}; allowed: {', '.join(moves) or 'none'}"


@pytest.mark.parametrize(("from_", "to"), PAIRS)
def test_a_change_of_the_job_obeys_the_same_rules(from_: Status, to: Status) -> None:
    answered = application_that_is(from_).when(UpdateJob(JOB, {"title": "Other"}, to))
    if allowed(from_, to):
        answered.then_each(("ApplicationStatusChanged", {"to_status": to.value}), ("JobUpdated", {"title": "Other"}))
    else:
        answered.then_refused(IllegalTransition)


@pytest.mark.parametrize("status", Status)
def test_an_interview_is_agreed_unless_the_application_is_over(status: Status) -> None:
    answered = application_that_is(status).when(ScheduleInterview(JOB, InterviewKind.PHONE, LATER, 60))
    if status.value in OVER:
        answered.then_refused(ApplicationEnded)
    elif status in (Status.INTERVIEW_SCHEDULED, Status.INTERVIEWING):
        answered.then("InterviewScheduled", kind="phone")
    else:
        change = {"from_status": status.value, "to_status": "interview_scheduled", "reason": "interview_scheduled"}
        answered.then_each(("InterviewScheduled", {}), ("ApplicationStatusChanged", change))


@pytest.mark.parametrize("status", Status)
def test_only_an_active_application_is_withdrawn_for_another_offer(status: Status) -> None:
    application = application_that_is(status).load(Application, APPLICATION_ID)
    active = {"applied", "interview_scheduled", "interviewing", "offer_received"}
    assert application.withdraw_for(OFFER_ID, LATER) == (status.value in active)
    assert (status in ACTIVE) == (status.value in active)
    assert (status in FINAL) == (status.value in OVER)


OFFER_EVENTS = {
    OfferStatus.PENDING: (),
    OfferStatus.NEGOTIATING: (happened("OfferNegotiated"),),
    OfferStatus.ACCEPTED: (happened("OfferAccepted"),),
    OfferStatus.DECLINED: (happened("OfferDeclined"),),
    OfferStatus.EXPIRED: (happened("OfferExpired"),),
}


@pytest.mark.parametrize("from_", OfferStatus)
@pytest.mark.parametrize("to", [OfferStatus.NEGOTIATING, OfferStatus.ACCEPTED, OfferStatus.DECLINED])
def test_an_offer_is_decided_once(from_: OfferStatus, to: OfferStatus) -> None:
    offer = given(happened("OfferReceived"), *OFFER_EVENTS[from_]).load(Offer, OFFER_ID)
    assert offer.status is from_
    decide = {
        OfferStatus.NEGOTIATING: lambda: offer.negotiate("counter_offer", None, None, None, LATER),
        OfferStatus.ACCEPTED: lambda: offer.accept(LATER, LATER),
        OfferStatus.DECLINED: lambda: offer.decline(LATER, LATER),
    }[to]
    if from_ in (OfferStatus.PENDING, OfferStatus.NEGOTIATING):
        decide()
        assert offer.status is to
    else:
        with pytest.raises(IllegalTransition):
            decide()
        assert not offer.pending_events


@pytest.mark.parametrize("status", OfferStatus)
def test_only_an_open_offer_expires(status: OfferStatus) -> None:
    offer = given(happened("OfferReceived"), *OFFER_EVENTS[status]).load(Offer, OFFER_ID)
    offer.expire(LATER)
    undecided = status in (OfferStatus.PENDING, OfferStatus.NEGOTIATING)
    assert [event.__class__.__name__ for event in offer.pending_events] == ["OfferExpired"] * undecided
