from datetime import timedelta
from decimal import Decimal

from projections.service_jobs.tables import service_job
from tests.grammar import given, happened
from tests.samples import JOB, NOW, PAYLOADS, TENANT

HOUR = timedelta(hours=1)
CREATED = happened("ServiceJobCreated")


def test_a_new_job_is_pending_without_revenue() -> None:
    given(happened("CompanyRegistered"), CREATED).then_rows(
        service_job,
        id=JOB,
        owner=TENANT,
        position=2,
        status="pending",
        revenue=None,
        completed_at=None,
        created_at=NOW,
        updated_at=NOW,
        **PAYLOADS["ServiceJobCreated"],
    )


def test_a_job_that_is_matched_later_has_its_routings_counted() -> None:
    given(happened("ServiceJobCreated", routings=0), happened("ServiceJobMatched", routings=3, at=HOUR)).then_rows(
        service_job, routings=3, updated_at=NOW + HOUR, created_at=NOW
    )


def test_a_completed_job_shows_its_revenue_and_when_the_work_was_done() -> None:
    done = happened("ServiceJobCompleted", at=HOUR, completed_at=NOW + HOUR / 2)
    given(CREATED, done).then_rows(
        service_job,
        status="completed",
        revenue=Decimal("450.00"),
        completed_at=NOW + HOUR / 2,
        updated_at=NOW + HOUR,
    )


def test_a_provider_need_not_say_what_a_job_earned() -> None:
    given(CREATED, happened("ServiceJobCompleted", revenue=None)).then_rows(
        service_job, status="completed", revenue=None
    )
