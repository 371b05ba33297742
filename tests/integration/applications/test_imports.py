"""Many postings at once: each once for its owner, whatever was interrupted."""

from uuid import UUID

from commands.bus import Envelope
from commands.imports import import_jobs
from commands.jobs import CreateJob
from projections.applications.fold import applications
from tests.applicant import Applicant


def postings(count: int) -> list[CreateJob]:
    return [CreateJob("Google", f"Engineer {n}", url=f"https://careers.google.com/{n}") for n in range(count)]


def sender(owner: UUID) -> Envelope:
    return Envelope("import", owner, "c-1")


async def listed(applicant: Applicant) -> int:
    await applicant.system.folded(applications)
    return await applicant.ask.jobs.total(applicant.owner)


async def test_a_file_that_comes_again_changes_nothing(applicant: Applicant) -> None:
    bus, me = applicant.system.bus, sender(applicant.owner)
    first = await import_jobs(bus, postings(50), me)
    assert not any(one.known for one in first)
    again = await import_jobs(bus, [CreateJob("Google", "One more"), *postings(60)], me)
    assert [one.known for one in again] == [False, *[True] * 50, *[False] * 10]
    assert [one.position for one in again[1:51]] == [one.position for one in first]
    assert await listed(applicant) == 61


async def test_a_posting_that_a_file_names_twice_is_taken_down_once(applicant: Applicant) -> None:
    found = await import_jobs(applicant.system.bus, [*postings(3), *postings(3)], sender(applicant.owner))
    assert sum(not one.known for one in found) == 3
    assert await listed(applicant) == 3


async def test_two_people_each_have_their_own(applicant: Applicant) -> None:
    other = Applicant(applicant.system, applicant.clock)
    for person in (applicant, other):
        assert not any(one.known for one in await import_jobs(person.system.bus, postings(3), sender(person.owner)))
    assert await listed(other) == 3


async def test_numbers_of_a_file_follow_its_order(applicant: Applicant) -> None:
    await import_jobs(applicant.system.bus, postings(20), sender(applicant.owner))
    await listed(applicant)
    page = await applicant.ask.jobs.page(applicant.owner, 0, 20)
    assert [row["title"] for row in page] == [f"Engineer {n}" for n in reversed(range(20))]
