"""A job, its timeline and the figures as they were at a time."""

from typing import Any

from tests.contract.automation.document import ACCEPTANCE, OUTCOME
from tests.contract.automation.seeker import People, Seeker

HOUR = 3600.0


async def then(seeker: Seeker, path: str, at: str, status: int = 200) -> Any:
    return await seeker.ask("GET", path, status=status, params={"as_of": at})


async def test_answers_are_those_that_were_given_then(people: People) -> None:
    seeker = await people.somebody()
    before_all = people.clock.now().isoformat()
    id = await seeker.job()
    paths = (f"/jobs/{id}", f"/ats/jobs/{id}/timeline", "/ats/statistics")
    moments: list[tuple[str, dict[str, Any]]] = []

    async def remember() -> None:
        people.clock.skip(HOUR)
        moments.append((people.clock.now().isoformat(), {path: await seeker.ask("GET", path) for path in paths}))
        people.clock.skip(HOUR)

    await remember()
    await seeker.ask("PATCH", f"/jobs/{id}", {"location": "Remote", "status": "applied", "notes": "Sent"})
    await remember()
    interview = await seeker.interview(id)
    await seeker.ask("POST", "/ats/notes", {"job_id": id, "content": "Prepare"}, 201)
    await remember()
    await seeker.ask("PUT", f"/ats/interviews/{interview['id']}", OUTCOME)
    offer = await seeker.offer(id)
    await remember()
    await seeker.ask("PUT", f"/ats/offers/{offer['id']}", ACCEPTANCE)
    await remember()
    await seeker.ask("DELETE", f"/jobs/{id}", status=204)

    for at, answers in moments:
        for path, answer in answers.items():
            assert await then(seeker, path, at) == answer, (path, at)
    for path in paths[:2]:
        assert await then(seeker, path, before_all, 404) == {"detail": "Job not found"}
        assert await then(seeker, path, people.clock.now().isoformat(), 404) == {"detail": "Job not found"}
    assert (await then(seeker, "/ats/statistics", before_all))["total_applications"] == 0
    assert (await seeker.ask("GET", "/ats/statistics"))["total_applications"] == 0
