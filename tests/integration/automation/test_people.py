"""AUTH=enforced: everybody has their own things, administrators too; and what is documented of rate limits."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from infra.api_keys import ApiKeys
from tests.contract.automation.seeker import PLACE, People, Seeker
from tests.running import running

LIMIT, REMAINING, RESET = "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"


async def test_without_a_key_nothing_is_answered(people: People) -> None:
    async with people.running.at(PLACE) as client:
        refused = await client.get("/jobs")
    assert (refused.status_code, refused.json()) == (
        401,
        {"detail": "A valid API key is needed in the header X-API-Key."},
    )


async def test_a_key_for_reading_cannot_write(people: People) -> None:
    reader = await people.somebody(("read",))
    assert (await reader.ask("GET", "/jobs"))["total"] == 0
    assert await reader.refused("POST", "/jobs", {}, 403) == "The API key lacks the scope write."


@pytest.mark.parametrize("scopes", [("read", "write"), ("read", "write", "admin")])
async def test_the_things_of_others_might_as_well_not_exist(people: People, scopes: tuple[str, ...]) -> None:
    owner, other = await people.somebody(), await people.somebody(scopes)
    id = await owner.job("interviewing")
    interview, offer = await owner.interview(id), await owner.offer(id)
    note = await owner.ask("POST", "/ats/notes", {"job_id": id, "content": "Mine"}, 201)
    body = {"job_id": id, "followup_type": "custom", "scheduled_date": "2035-11-17T09:00:00Z"}
    follow_up = await owner.ask("POST", "/followup/schedule", body, 201)
    before = await owner.caused()
    for what, method, path, sent in (
        ("Job", "GET", f"/jobs/{id}", None),
        ("Job", "GET", f"/ats/jobs/{id}/timeline", None),
        ("Job", "GET", f"/ats/jobs/{id}/notes", None),
        ("Job", "GET", f"/followup/jobs/{id}", None),
        ("Job", "PATCH", f"/jobs/{id}", {"company": "x"}),
        ("Job", "DELETE", f"/jobs/{id}", None),
        ("Job", "POST", f"/ats/jobs/{id}/status", {"status": "rejected"}),
        ("Job", "POST", "/ats/offers", {"job_id": id, "base_salary": 1}),
        ("Interview", "PUT", f"/ats/interviews/{interview['id']}", {"outcome": "passed"}),
        ("Offer", "PUT", f"/ats/offers/{offer['id']}", {"offer_status": "accepted"}),
        ("Offer", "PUT", f"/ats/offers/{offer['id']}", {"offer_status": "pending"}),
        ("Note", "PUT", f"/ats/notes/{note['id']}", {"content": "x"}),
        ("Follow-up", "POST", f"/followup/{follow_up['id']}/sent", {}),
        ("Follow-up", "DELETE", f"/followup/{follow_up['id']}", None),
    ):
        assert await other.refused(method, path, sent, 404) == f"{what} not found"
    assert await other.ask("GET", "/jobs") == {"total": 0, "jobs": [], "skip": 0, "limit": 100}
    assert (await other.ask("GET", "/ats/statistics"))["total_applications"] == 0
    assert await owner.caused() == before


@pytest.fixture
async def limited(database: str, tmp_path: Path) -> AsyncIterator[tuple[Seeker, Seeker]]:
    """Somebody with a key, and somebody without."""
    changes = {"AUTH": "enforced", "RATE_LIMITS": "on"}
    async with running(database, tmp_path, agents=False, timers=False, **changes) as on, on.at(PLACE) as known:
        keys = ApiKeys(on.system.database.pool, on.system.clock)
        _, known.headers["X-API-Key"] = await keys.create("tests", ("read", "write"), uuid4())
        async with on.at(PLACE) as unknown:
            yield Seeker(on, known), Seeker(on, unknown)


async def test_a_key_has_a_thousand_requests_an_hour_and_whoever_has_none_a_hundred(
    limited: tuple[Seeker, Seeker],
) -> None:
    known, unknown = limited
    listed = await known.client.get("/jobs")
    assert (listed.status_code, listed.headers[LIMIT], listed.headers[REMAINING]) == (200, "1000", "999")
    assert int(listed.headers[RESET]) % 3600 == 0
    read = await known.client.get("/ats/statistics")
    assert (read.headers[LIMIT], read.headers[REMAINING]) == ("5000", "4999")
    answers = [await unknown.client.get("/jobs") for _ in range(101)]
    assert {answer.headers[LIMIT] for answer in answers} == {"100"}
    assert [answer.status_code for answer in answers] in ([401] * 100 + [429], [401] * 101)  # at the turn of an hour
    assert (await known.client.get("/jobs")).status_code == 200


async def test_in_development_nothing_is_limited(database: str, tmp_path: Path) -> None:
    async with running(database, tmp_path, agents=False, timers=False, RATE_LIMITS="on") as on, on.at(PLACE) as client:
        answers = [await client.get("/jobs") for _ in range(120)]
    assert {answer.status_code for answer in answers} == {200}
    assert LIMIT not in answers[-1].headers
