"""Offers: accepted, withdrawn for, undone, whatever comes in between."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from commands.applications import (
    AcceptOffer,
    ChangeApplicationStatus,
    ChangeOffer,
    DeclineOffer,
    ExpireOffer,
    NegotiateOffer,
    RecordOffer,
    UndoAcceptance,
    WithdrawOthers,
)
from commands.applications.offers import AcceptanceUndone
from commands.bus import IdempotencyKey
from commands.jobs import RemoveJob
from domain.applications.acceptances import OtherOfferAccepted
from domain.applications.application import Application, ApplicationEnded
from domain.applications.offer import NotAccepted, TooLate
from domain.applications.statuses import Status
from domain.errors import IllegalTransition, NotFound
from domain.numbers import Kind, stream_id
from tests.grammar import Happened, World, given, happened
from tests.samples import NOW
from tests.samples_of_applications import JOB, OFFER, OFFER_ID

DAY = timedelta(hours=24)
WITHDRAWN = {"to_status": "withdrawn", "reason": "other_offer_accepted", "offer_id": OFFER_ID}


def application(number: int, status: str = "applied") -> list[Happened]:
    """A job with an application of this status."""
    job, stream = stream_id(Kind.JOB, number), stream_id(Kind.APPLICATION, number)
    changed = {"number": number, "from_status": "saved", "to_status": status}
    return [
        happened("JobCreated", job, number=number),
        happened("ApplicationOpened", stream, number=number, job_id=job),
        happened("ApplicationStatusChanged", stream, **changed),
    ]


def offered(*others: tuple[int, str]) -> World:
    """An offer for one job, and other applications."""
    events = [event for number, status in others for event in application(number, status)]
    return given(*application(JOB, "offer_received"), happened("OfferReceived"), *events)


def accepted(*others: tuple[int, str]) -> World:
    return offered(*others).when(AcceptOffer(OFFER)).world


def statuses(world: World, *numbers: int) -> list[str]:
    return [world.load(Application, stream_id(Kind.APPLICATION, number)).status.value for number in numbers]


def test_recording_an_offer_moves_the_application_and_remembers_when_they_applied() -> None:
    world = (
        given(*application(JOB))
        .when(RecordOffer(JOB, Decimal(180000)))
        .then_each(
            ("OfferReceived", {"received_at": NOW, "applied_at": NOW, "company": "Google"}),
            ("ApplicationStatusChanged", {"to_status": "offer_received", "reason": "offer_received"}),
        )
    )
    world.when(RecordOffer(JOB, Decimal(190000))).then("OfferReceived")


def test_accepting_moves_the_application_and_begins_the_person_s_acceptance() -> None:
    offered().when(AcceptOffer(OFFER, changes={"notes": "Start in December"})).then_each(
        ("OfferChanged", {"notes": "Start in December", "changed": ["notes"]}),
        ("OfferAccepted", {"from_status": "pending", "decided_at": NOW}),
        ("ApplicationStatusChanged", {"to_status": "accepted", "offer_id": OFFER_ID}),
        ("AcceptancesOpened", {}),
        ("AcceptanceBegun", {"offer_id": OFFER_ID}),
    )


def test_an_offer_is_accepted_once() -> None:
    accepted().when(AcceptOffer(OFFER)).then_refused(IllegalTransition)


def test_of_two_offers_accepted_at_once_the_second_is_refused_until_the_first_has_taken_effect() -> None:
    world = accepted((2, "offer_received"), (3, "offer_received"))
    world.record(happened("OfferReceived", stream_id(Kind.OFFER, 22), number=22, job_number=2))
    assert str(world.when(AcceptOffer(22)).then_refused(OtherOfferAccepted)).startswith(f"Offer {OFFER} has just been")
    world.when(WithdrawOthers(OFFER, [2]))
    world.when(AcceptOffer(22)).then_refused(ApplicationEnded)


def test_what_came_in_after_an_acceptance_may_be_accepted_too() -> None:
    world = accepted()
    world.when(WithdrawOthers(OFFER, []))
    world.record(*application(2, "offer_received"))
    world.record(happened("OfferReceived", stream_id(Kind.OFFER, 22), number=22, job_number=2))
    world.when(AcceptOffer(22)).then_each(
        ("OfferAccepted", {}), ("ApplicationStatusChanged", {}), ("AcceptanceBegun", {"offer_number": 22})
    )


def test_the_others_are_withdrawn_in_one_append_that_names_them_and_their_statuses() -> None:
    world = accepted((2, "applied"), (3, "rejected"), (4, "interviewing"))
    victims = [(2, "applied"), (4, "interviewing")]
    world.when(WithdrawOthers(OFFER, [2, 3, 4, 5])).then_each(
        ("OthersWithdrawn", {}),
        ("ApplicationStatusChanged", {"number": 2, **WITHDRAWN}),
        ("ApplicationStatusChanged", {"number": 4, **WITHDRAWN}),
        ("AcceptanceSettled", {}),
    )
    [event] = [event for event in world.recorded() if event.type == "OthersWithdrawn"]
    assert [(victim["job_number"], victim["from_status"]) for victim in event["victims"]] == victims
    world.when(WithdrawOthers(OFFER, [2, 4])).then_nothing()


def test_an_undone_acceptance_gives_everybody_their_status_back() -> None:
    world = accepted((2, "applied"), (4, "interviewing"))
    world.when(WithdrawOthers(OFFER, [2, 4]))
    world.after(hours=24).when(UndoAcceptance(OFFER, DAY)).then_each(
        ("OfferAcceptanceUndone", {"restored": [2, 4], "left_alone": []}),
        ("ApplicationRestored", {"number": JOB, "from_status": "accepted", "to_status": "offer_received"}),
        ("ApplicationRestored", {"number": 2, "from_status": "withdrawn", "to_status": "applied"}),
        ("ApplicationRestored", {"number": 4, "to_status": "interviewing"}),
    )
    world.when(AcceptOffer(OFFER)).then_each(
        ("OfferAccepted", {"from_status": "pending"}), ("ApplicationStatusChanged", {}), ("AcceptanceBegun", {})
    )


def test_whoever_is_gone_by_the_time_of_the_undoing_is_left_alone_and_reported() -> None:
    world = accepted((2, "applied"), (4, "interviewing"))
    world.when(WithdrawOthers(OFFER, [2, 4]))
    world.when(RemoveJob(2))
    undone = world.when(UndoAcceptance(OFFER, DAY)).result
    assert (undone.restored, undone.left_alone) == ([4], [2])


def test_an_undoing_that_is_repeated_names_whom_the_first_one_named() -> None:
    world, key = accepted((2, "applied"), (4, "interviewing")), IdempotencyKey(uuid4(), b"body")
    world.when(WithdrawOthers(OFFER, [2, 4]))
    world.when(RemoveJob(2))
    first = world.when(UndoAcceptance(OFFER, DAY), idempotency=key).result
    world.when(AcceptOffer(OFFER))
    world.when(WithdrawOthers(OFFER, [4]))
    assert world.when(UndoAcceptance(OFFER, DAY)).result.left_alone == []
    again = world.after(hours=1).when(UndoAcceptance(OFFER, DAY), idempotency=key)
    again.then_nothing()
    assert again.result == first == AcceptanceUndone([4], [2], first.undone_at)


def test_nobody_is_restored_when_another_offer_was_accepted_since() -> None:
    world = accepted((2, "applied"))
    world.when(WithdrawOthers(OFFER, [2]))
    world.record(*application(3, "offer_received"))
    world.record(happened("OfferReceived", stream_id(Kind.OFFER, 23), number=23, job_number=3))
    world.when(AcceptOffer(23))
    undone = world.when(UndoAcceptance(OFFER, DAY)).result
    assert (undone.restored, undone.left_alone) == ([], [2])
    assert statuses(world, JOB, 2, 3) == ["offer_received", "withdrawn", "accepted"]


def test_a_cascade_that_comes_after_the_undoing_does_nothing() -> None:
    world = accepted((2, "applied"))
    world.when(UndoAcceptance(OFFER, DAY)).then_each(
        ("OfferAcceptanceUndone", {"restored": []}), ("ApplicationRestored", {}), ("AcceptanceSettled", {})
    )
    world.when(WithdrawOthers(OFFER, [2])).then_nothing()
    assert statuses(world, JOB, 2) == ["offer_received", "applied"]


def test_the_late_cascade_of_a_first_acceptance_is_the_second_s() -> None:
    world = accepted((2, "applied"))
    world.when(UndoAcceptance(OFFER, DAY))
    world.when(AcceptOffer(OFFER))
    world.when(WithdrawOthers(OFFER, [2]))
    world.when(WithdrawOthers(OFFER, [2])).then_nothing()
    assert world.when(UndoAcceptance(OFFER, DAY)).result.restored == [2]


def test_a_victim_that_changes_in_the_middle_of_the_cascade_is_seen_as_it_is() -> None:
    world = accepted((2, "applied"), (3, "applied"))
    agents, other = world.bus_of(world.other_process()), world.bus_of(world.other_process())
    world.through(agents, ChangeApplicationStatus(2, Status.INTERVIEWING))  # both are in the agents' cache now
    world.through(agents, ChangeApplicationStatus(3, Status.INTERVIEWING))
    world.through(other, ChangeApplicationStatus(2, Status.REJECTED))
    world.through(other, ChangeApplicationStatus(3, Status.OFFER_RECEIVED))
    world.through(agents, WithdrawOthers(OFFER, [2, 3])).then_each(
        ("OthersWithdrawn", {}),
        ("ApplicationStatusChanged", {"number": 3, "from_status": "offer_received"}),
        ("AcceptanceSettled", {}),
    )


def test_an_acceptance_is_undone_once_and_in_time_only() -> None:
    offered().when(UndoAcceptance(OFFER, DAY)).then_refused(NotAccepted)
    world = accepted()
    world.after(hours=24, seconds=1).when(UndoAcceptance(OFFER, DAY)).then_refused(TooLate)
    world.when(UndoAcceptance(OFFER, 2 * DAY))
    world.when(UndoAcceptance(OFFER, 2 * DAY)).then_refused(NotAccepted)


def test_a_declined_offer_ends_an_application_that_waited_for_it() -> None:
    offered().when(DeclineOffer(OFFER)).then_each(
        ("OfferDeclined", {}), ("ApplicationStatusChanged", {"to_status": "declined", "reason": "offer_declined"})
    )
    given(*application(JOB, "interviewing"), happened("OfferReceived")).when(DeclineOffer(OFFER)).then("OfferDeclined")


def test_negotiations_are_numbered_and_may_change_the_terms() -> None:
    world = offered().when(NegotiateOffer(OFFER, "counter_offer", "190k", changes={"base_salary": Decimal(185000)}))
    world.then_each(
        ("OfferChanged", {"base_salary": Decimal(185000), "base_salary_before": Decimal(180000), "follows": 1}),
        ("OfferNegotiated", {"entry": 1, "from_status": "pending", "follows": 1}),
    ).when(NegotiateOffer(OFFER, "counter_offer", "195k")).then(
        "OfferNegotiated", entry=2, from_status="negotiating", follows=3
    )


def test_terms_that_stay_are_not_recorded() -> None:
    offered().when(ChangeOffer(OFFER, {"base_salary": Decimal(180000)})).then_nothing()
    offered().when(ChangeOffer(OFFER, {"colour": "red"})).then_refused(KeyError)


@pytest.mark.parametrize("ended", [True, False])
def test_an_offer_expires_while_its_application_goes_on(ended: bool) -> None:
    world = offered()
    if ended:
        world.when(ChangeApplicationStatus(JOB, Status.REJECTED))
        world.when(ExpireOffer(OFFER_ID)).then_nothing()
    else:
        world.when(ExpireOffer(OFFER_ID)).then("OfferExpired").when(AcceptOffer(OFFER)).then_refused(IllegalTransition)


def test_offers_of_a_removed_job_are_gone() -> None:
    world = offered()
    world.when(RemoveJob(JOB))
    for command in (AcceptOffer(OFFER), ChangeOffer(OFFER, {"notes": "x"}), NegotiateOffer(OFFER, "x")):
        world.when(command).then_refused(NotFound)
