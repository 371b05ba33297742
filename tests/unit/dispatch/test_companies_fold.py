from datetime import timedelta

from projections.companies.tables import company, technician
from tests.grammar import given, happened
from tests.samples import COMPANY, NOW, PAYLOADS, TECHNICIAN, TENANT

REGISTERED = happened("CompanyRegistered")
HOUR = timedelta(hours=1)


def test_a_company_is_shown_as_it_registered() -> None:
    given(REGISTERED).then_rows(
        company, id=COMPANY, owner=TENANT, created_at=NOW, updated_at=NOW, **PAYLOADS["CompanyRegistered"]
    )


def test_an_update_changes_what_it_names_and_nothing_else() -> None:
    update = happened("CompanyUpdated", at=HOUR, changed=["active", "states"], active=False, states=[])
    given(REGISTERED, update).then_rows(
        company,
        active=False,
        states=[],
        name="Buckeye Plumbing",
        zip_prefixes=["410"],
        created_at=NOW,
        updated_at=NOW + HOUR,
    )


def test_a_named_field_can_become_null() -> None:
    given(
        happened("CompanyRegistered", credentials_ref="env:TITAN"),
        happened("CompanyUpdated", changed=["credentials_ref"], credentials_ref=None),
    ).then_rows(company, credentials_ref=None)


def test_a_technician_is_shown_below_the_company() -> None:
    world = given(REGISTERED, happened("TechnicianRegistered", at=HOUR))
    world.then_rows(technician, id=TECHNICIAN, created_at=NOW + HOUR, **PAYLOADS["TechnicianRegistered"])


def test_an_update_of_a_company_that_is_not_there_changes_nothing() -> None:
    given(happened("CompanyUpdated", changed=["name"], name="x")).then_rows(company)
