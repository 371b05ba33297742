"""Companies and their technicians."""

from typing import Any
from uuid import uuid4

import pytest

from tests.contract.tradeengage.desk import Desk

AREA = {"states": ["AK"], "zip_prefixes": ["995"]}


async def patched(desk: Desk, company: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    answer = await desk.client.patch(f"/companies/{company['id']}", json=changes)
    assert answer.status_code == 200, answer.text
    assert (await desk.client.get(f"/companies/{company['id']}")).json() == answer.json()
    return dict(answer.json())


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "New"},
        {"provider_type": "servicetitan"},
        {"skills": {"tiling": "basic"}},
        {"skills": {}},
        {"categories": []},
        {"active": False},
        {"name": "New", "active": False},
    ],
)
async def test_a_patch_changes_what_it_names_and_nothing_else(desk: Desk, changes: dict[str, Any]) -> None:
    company = await desk.register(service_area=AREA)
    changed = await patched(desk, company, changes)
    assert changed.pop("updated_at") > company.pop("updated_at")
    assert changed == {**company, **changes}


@pytest.mark.parametrize("part", [{"states": ["OH", "KY"]}, {"zip_prefixes": []}, {}])
async def test_a_patch_of_one_part_of_the_area_leaves_the_other_alone(desk: Desk, part: dict[str, Any]) -> None:
    company = await desk.register(service_area=AREA)
    assert (await patched(desk, company, {"service_area": part}))["service_area"] == {**AREA, **part}


async def test_a_patch_that_changes_nothing_records_nothing(desk: Desk) -> None:
    company = await desk.register(service_area=AREA)
    head = await desk.head()
    assert await patched(desk, company, {}) == company
    assert await patched(desk, company, {"name": company["name"], "service_area": AREA}) == company
    assert await desk.head() == head


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"name": None},
        {"provider_type": "jobber"},
        {"skills": {"plumbing": "wizard"}},
        {"service_area": {"states": ["Ohio"]}},
        {"service_area": {"zip_prefixes": ["4_5"]}},
        {"credentials_ref": "hunter2"},
        {"active": "perhaps"},
    ],
)
async def test_a_patch_that_makes_no_sense_is_refused(desk: Desk, changes: dict[str, Any]) -> None:
    answer = await desk.client.patch(f"/companies/{desk.company}", json=changes)
    assert (answer.status_code, answer.json()["error_code"]) == (422, "VALIDATION_ERROR")
    assert "hunter2" not in answer.text


async def test_credentials_are_named_and_can_be_taken_away(desk: Desk) -> None:
    company = await desk.register(service_area=AREA, credentials_ref="env:TITAN_OF_OURS")
    assert company["credentials_ref"] == "env:TITAN_OF_OURS"
    assert (await patched(desk, company, {"credentials_ref": None}))["credentials_ref"] is None


async def test_technicians_are_listed_below_their_company_newest_first(desk: Desk) -> None:
    company = await desk.register(service_area=AREA)
    path = f"/companies/{company['id']}/technicians/"
    sent = {"name": "Ada", "email": "ada@example.com", "phone": "(555) 1", "skills": {"plumbing": "basic"}}
    ada = (await desk.client.post(path, json=sent)).json()
    assert {name: ada[name] for name in sent} == sent
    assert ada["company_id"] == company["id"]
    bob = (await desk.client.post(path, json={"name": "Bob"})).json()
    assert (bob["email"], bob["phone"], bob["skills"]) == (None, None, {})
    assert (await desk.client.get(path)).json() == [bob, ada]
    assert (await desk.client.get(path, params={"skip": 1})).json() == [ada]


async def test_nobody_works_for_a_company_that_does_not_exist(desk: Desk) -> None:
    head = await desk.head()
    answer = await desk.client.post(f"/companies/{uuid4()}/technicians/", json={"name": "Ada"})
    assert answer.status_code == 404
    assert await desk.head() == head
