from typing import Any

import pytest

from commands.dispatch import RegisterCompany, RegisterTechnician, UpdateCompany
from domain.errors import NotFound
from tests.grammar import given, happened
from tests.samples import COMPANY, PAYLOADS, RECEIVER

REGISTERED = happened("CompanyRegistered")


def test_a_company_registers_with_what_it_says_of_itself() -> None:
    said = dict(PAYLOADS["CompanyRegistered"])
    given().when(RegisterCompany(**said)).then("CompanyRegistered", **said)


def test_an_update_records_the_changed_fields_only() -> None:
    update = UpdateCompany(COMPANY, {"name": "Buckeye", "active": True, "states": ["OH", "KY"]})
    given(REGISTERED).when(update).then(
        "CompanyUpdated", changed=["name", "states"], name="Buckeye", states=["OH", "KY"], active=None, skills=None
    )


@pytest.mark.parametrize("changes", [{}, {"name": "Buckeye Plumbing"}, {"skills": {"plumbing": "expert"}}])
def test_an_update_that_changes_nothing_records_nothing(changes: dict[str, Any]) -> None:
    given(REGISTERED).when(UpdateCompany(COMPANY, changes)).then_nothing()


def test_a_field_can_be_changed_back() -> None:
    away = happened("CompanyUpdated", changed=["name"], name="Buckeye")
    given(REGISTERED, away).when(UpdateCompany(COMPANY, {"name": "Buckeye Plumbing"})).then(
        "CompanyUpdated", changed=["name"], name="Buckeye Plumbing"
    )


def test_credentials_can_be_taken_away() -> None:
    given(happened("CompanyRegistered", credentials_ref="env:TITAN")).when(
        UpdateCompany(COMPANY, {"credentials_ref": None})
    ).then("CompanyUpdated", changed=["credentials_ref"], credentials_ref=None)


def test_a_field_that_a_company_does_not_have_is_a_defect_of_the_sender() -> None:
    with pytest.raises(KeyError, match="owner"):
        given(REGISTERED).when(UpdateCompany(COMPANY, {"owner": "me"})).then_nothing()


def test_a_level_that_does_not_exist_is_not_recorded() -> None:
    given(REGISTERED).when(UpdateCompany(COMPANY, {"skills": {"plumbing": "wizard"}})).then_refused(ValueError)


def test_an_unknown_company_cannot_be_updated() -> None:
    refusal = given().when(UpdateCompany(COMPANY, {"name": "x"})).then_refused(NotFound)
    assert str(refusal) == "Company not found"


def test_a_technician_joins_a_company() -> None:
    join = RegisterTechnician(COMPANY, "Ada Pipe", None, "(555) 000-1111", {"plumbing": "basic"})
    given(REGISTERED).when(join).then(
        "TechnicianRegistered", company_id=COMPANY, name="Ada Pipe", email=None, phone="(555) 000-1111"
    )


def test_a_technician_cannot_join_a_company_that_does_not_exist() -> None:
    given(REGISTERED).when(RegisterTechnician(RECEIVER, "Ada Pipe", None, None, {})).then_refused(NotFound)
