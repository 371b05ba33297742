"""Lists: each in the form that the document gives it, and on demand in its generic one."""

import pytest

from tests.contract.automation.document import NEW_NOTE
from tests.contract.automation.seeker import Seeker


@pytest.fixture(scope="module")
async def noted(seeker: Seeker) -> int:
    """A job with three notes."""
    id = await seeker.job()
    for number in range(3):
        await seeker.ask("POST", "/ats/notes", {**NEW_NOTE, "job_id": id, "content": f"Note {number}"}, 201)
    return id


@pytest.mark.parametrize(
    ("query", "contents", "more"),
    [
        ("", [0, 1, 2], False),
        ("&skip=1", [1, 2], False),
        ("&limit=2", [0, 1], True),
        ("&skip=1&limit=1", [1], True),
        ("&skip=3", [], False),
        ("&skip=1000000000", [], False),
    ],
)
async def test_a_list_of_a_job_is_an_array_or_a_page_of_it(
    seeker: Seeker, noted: int, query: str, contents: list[int], more: bool
) -> None:
    array = await seeker.ask("GET", f"/ats/jobs/{noted}/notes?{query}")
    assert [note["content"] for note in array] == [f"Note {number}" for number in contents]
    page = await seeker.ask("GET", f"/ats/jobs/{noted}/notes?form=generic{query}")
    assert page.keys() == {"total", "items", "skip", "limit", "has_more"}
    assert (page["items"], page["total"], page["has_more"]) == (array, 3, more)


async def test_jobs_come_in_both_forms(seeker: Seeker, noted: int) -> None:
    listed = await seeker.ask("GET", "/jobs?limit=1")
    page = await seeker.ask("GET", "/jobs?limit=1&form=generic")
    assert listed.keys() == {"total", "jobs", "skip", "limit"}
    assert page == {
        "total": listed["total"],
        "items": listed["jobs"],
        "skip": 0,
        "limit": 1,
        "has_more": listed["total"] > 1,
    }


async def test_pages_together_are_the_whole_list_once_and_in_order(seeker: Seeker) -> None:
    for _ in range(5):
        await seeker.job()
    total = (await seeker.ask("GET", "/jobs?limit=1"))["total"]
    pages = [(await seeker.ask("GET", f"/jobs?skip={skip}&limit=2"))["jobs"] for skip in range(0, total, 2)]
    ids = [job["id"] for page in pages for job in page]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == total


@pytest.mark.parametrize(
    "path", ["/jobs", "/ats/interviews/upcoming", "/ats/jobs/{job_id}/notes", "/followup/jobs/{job_id}"]
)
async def test_a_list_has_a_hundred_entries_unless_up_to_a_thousand_are_asked_for(seeker: Seeker, path: str) -> None:
    document = (await seeker.client.get("/openapi.json")).json()
    parameters = {one["name"]: one["schema"] for one in document["paths"][path]["get"]["parameters"]}
    assert (parameters["skip"]["default"], parameters["limit"]["default"]) == (0, 100)
    assert parameters["limit"]["maximum"] == 1000
