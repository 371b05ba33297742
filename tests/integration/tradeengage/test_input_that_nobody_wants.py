"""Whatever comes in, the answer has the right status and shape, and nothing is stored."""

import json
from typing import Any

import pytest

from tests.contract.likeness import assert_like
from tests.contract.tradeengage.desk import Desk
from tests.contract.tradeengage.document import ERROR

NUL = "\x00"
MEGABYTES = 1024 * 1024
JSON = {"Content-Type": "application/json"}
NOBODY = "0192f0c1-0000-7000-8000-0000000000aa"


def refused(answer: Any, status: int, code: str = "VALIDATION_ERROR") -> None:
    assert (answer.status_code, answer.json()["error_code"]) == (status, code)
    assert_like(ERROR, answer.json())


@pytest.mark.parametrize(
    "change",
    [
        {"summary": f"a{NUL}b"},
        {"homeowner": {"name": NUL}},
        {"required_skills": [f"plumbing{NUL}"]},
        {"skill_levels": {f"plumbing{NUL}": "expert"}},
        {"unknown": {"deep": [NUL]}},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_text_with_a_nul_character_is_refused(desk: Desk, change: dict[str, Any]) -> None:
    head = await desk.head()
    refused(await desk.client.post("/jobs/", json=desk.job(**change)), 422)
    assert await desk.head() == head


@pytest.mark.parametrize("path", [f"/jobs/{NOBODY}%00", "/jobs/?skip=%00", "/companies/%00"])
async def test_a_nul_character_in_the_address_is_refused(desk: Desk, path: str) -> None:
    refused(await desk.client.get(path), 422)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"job"',
        b"{'summary': 1}",
        b'{"summary": NaN}',
        b'{"summary": "\xff"}',
        b'{"summary": "\\ud800"}',
        b"[" * 100_000,
        b'{"summary": "a", "summary": ',
    ],
    ids=lambda body: body[:20].decode("latin-1"),
)
async def test_a_body_that_is_no_json_object_of_ours_is_refused(desk: Desk, body: bytes) -> None:
    head = await desk.head()
    refused(await desk.client.post("/jobs/", content=body, headers=JSON), 422)
    assert await desk.head() == head


async def test_json_under_another_name_is_refused(desk: Desk) -> None:
    body = json.dumps(desk.job()).encode()
    refused(await desk.client.post("/jobs/", content=body, headers={"Content-Type": "text/plain"}), 422)


async def test_a_body_of_more_than_ten_megabytes_is_refused(desk: Desk) -> None:
    head = await desk.head()
    answer = await desk.client.post("/jobs/", content=b" " * (10 * MEGABYTES + 1), headers=JSON)
    refused(answer, 413, "PAYLOAD_TOO_LARGE")
    assert await desk.head() == head


async def test_a_text_of_megabytes_is_refused_for_its_length(desk: Desk) -> None:
    head = await desk.head()
    refused(await desk.client.post("/jobs/", json=desk.job(summary="s" * (9 * MEGABYTES))), 422)
    assert await desk.head() == head


async def test_many_long_skills_are_refused(desk: Desk) -> None:
    refused(await desk.client.post("/jobs/", json=desk.job(required_skills=["s" * 101])), 422)
    refused(await desk.client.post("/jobs/", json=desk.job(required_skills=["s"] * 51)), 422)
    levels = {f"skill {number}": "basic" for number in range(51)}
    refused(await desk.client.post("/jobs/", json=desk.job(skill_levels=levels)), 422)


async def test_every_kind_of_character_that_can_be_stored_comes_back_as_it_was(desk: Desk) -> None:
    text = "Kücheñ 🚰 \\u0000 'quoted' \"double\" {braces} %s \t\n \x7f ﷽ ‮"
    job = await desk.post(summary=text, category="c'; drop table events; --")
    assert (await desk.client.get(f"/jobs/{job['id']}")).json()["summary"] == text


@pytest.mark.parametrize("company", ["company-uuid-here", "", 7, None, NOBODY])
async def test_a_sync_to_nobody_is_refused(desk: Desk, company: Any) -> None:
    job = await desk.post(required_skills=["unheard of"])
    head = await desk.head()
    answer = await desk.client.post(f"/jobs/{job['id']}/sync", json={"company_id": company})
    refused(answer, 404, "NOT_FOUND") if isinstance(company, str) and len(company) == 36 else refused(answer, 422)
    assert await desk.head() == head


@pytest.mark.parametrize("id", ["1", "job-uuid-here", "..", "%2e%2e", "00000000-0000-0000-0000-00000000000g"])
async def test_an_id_that_is_none_is_refused(desk: Desk, id: str) -> None:
    answer = await desk.client.get(f"/jobs/{id}/routings")
    assert answer.status_code in (404, 422)
    assert_like(ERROR, answer.json())
