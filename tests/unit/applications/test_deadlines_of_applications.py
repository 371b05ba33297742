"""When offers expire and follow-ups come due, and what takes that back."""

from datetime import datetime, timedelta

import pytest

from projections.deadlines.tables import deadline
from tests.grammar import Happened, given, happened
from tests.samples import NOW

WEEK = NOW + timedelta(days=7)
RECEIVED, SCHEDULED = happened("OfferReceived"), happened("FollowUpScheduled")


def due(*events: Happened) -> dict[str, datetime]:
    return {row["kind"]: row["due_at"] for row in given(*events).rows(deadline)}


def test_an_offer_expires_at_its_time() -> None:
    assert due(RECEIVED) == {"offer_expiry": WEEK}
    assert due(happened("OfferReceived", expires_at=None)) == {}


@pytest.mark.parametrize("type", ["OfferAccepted", "OfferDeclined", "OfferExpired"])
def test_a_decided_offer_does_not_expire(type: str) -> None:
    decided = happened(type)
    assert due(RECEIVED, decided) == {}
    assert due(RECEIVED, decided, happened("OfferChanged", status="accepted")) == {}


def test_an_offer_that_is_given_more_time_expires_later() -> None:
    assert due(RECEIVED, happened("OfferChanged", expires_at=WEEK + timedelta(days=1))) == {
        "offer_expiry": WEEK + timedelta(days=1)
    }
    assert due(RECEIVED, happened("OfferChanged", expires_at=None)) == {}


def test_an_offer_that_is_pending_again_expires_again() -> None:
    assert due(RECEIVED, happened("OfferAccepted"), happened("OfferAcceptanceUndone")) == {"offer_expiry": WEEK}


@pytest.mark.parametrize("type", ["FollowUpBecameDue", "FollowUpSent", "FollowUpCancelled"])
def test_a_follow_up_comes_due_unless_it_is_over(type: str) -> None:
    assert due(SCHEDULED) == {"follow_up": NOW + timedelta(days=3)}
    assert due(SCHEDULED, happened(type)) == {}


def test_a_claim_on_a_mail_runs_out_and_a_failed_mail_is_tried_again() -> None:
    begun = (happened("FollowUpBecameDue"), happened("FollowUpMailClaimed"))
    assert due(SCHEDULED, *begun) == {"follow_up_mail": NOW + timedelta(minutes=1)}
    later = NOW + timedelta(hours=1)
    assert due(SCHEDULED, *begun, happened("FollowUpMailFailed", retry_at=later)) == {"follow_up_mail": later}
    assert due(SCHEDULED, *begun, happened("FollowUpMailFailed", retry_at=None)) == {}
    assert due(SCHEDULED, *begun, happened("FollowUpSent")) == {}
