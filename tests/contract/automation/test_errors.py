"""Errors: `{detail}` alone, in the document's words where it has some."""

from typing import Any

import pytest

from tests.contract.automation.document import NEW_FOLLOW_UP, NEW_INTERVIEW, NEW_JOB, NEW_NOTE, NEW_OFFER, NEW_SEQUENCE
from tests.contract.automation.seeker import Seeker

NOBODYS = 999_999_999
# Each operation that is about one thing: what it is called, and a body that would do.
ABOUT: list[tuple[str, str, str, Any]] = [
    ("Job", "GET", "/jobs/{}", None),
    ("Job", "PATCH", "/jobs/{}", {"notes": "x"}),
    ("Job", "DELETE", "/jobs/{}", None),
    ("Job", "POST", "/ats/jobs/{}/status", {"status": "applied"}),
    ("Job", "GET", "/ats/jobs/{}/timeline", None),
    ("Job", "GET", "/ats/jobs/{}/interviews", None),
    ("Job", "GET", "/ats/jobs/{}/offers", None),
    ("Job", "GET", "/ats/jobs/{}/notes", None),
    ("Job", "GET", "/followup/jobs/{}", None),
    ("Interview", "PUT", "/ats/interviews/{}", {"outcome": "passed"}),
    ("Offer", "PUT", "/ats/offers/{}", {"offer_status": "accepted"}),
    ("Offer", "PUT", "/ats/offers/{}", {"offer_status": "pending"}),
    ("Offer", "PUT", "/ats/offers/{}", {"notes": "x"}),
    ("Offer", "POST", "/ats/offers/{}/negotiate", {"requested_changes": "x"}),
    ("Offer", "POST", "/ats/offers/{}/undo", None),
    ("Note", "PUT", "/ats/notes/{}", {"content": "x"}),
    ("Follow-up", "POST", "/followup/{}/sent", {}),
    ("Follow-up", "DELETE", "/followup/{}", None),
]
# Each operation whose body names a job.
OF_A_JOB: list[tuple[str, dict[str, Any]]] = [
    ("/ats/interviews", dict(NEW_INTERVIEW)),
    ("/ats/offers", dict(NEW_OFFER)),
    ("/ats/notes", dict(NEW_NOTE)),
    ("/followup/schedule", dict(NEW_FOLLOW_UP)),
    ("/followup/sequence", dict(NEW_SEQUENCE)),
]


@pytest.mark.parametrize(("what", "method", "path", "body"), ABOUT)
@pytest.mark.parametrize("id", [NOBODYS, 0, -1, 2**63 - 1])
async def test_what_is_not_there_is_said_by_its_name(
    seeker: Seeker, what: str, method: str, path: str, body: Any, id: int
) -> None:
    assert await seeker.refused(method, path.format(id), body, 404) == f"{what} not found"


@pytest.mark.parametrize(("path", "body"), OF_A_JOB)
async def test_a_job_that_is_not_there_gets_nothing(seeker: Seeker, path: str, body: dict[str, Any]) -> None:
    assert await seeker.refused("POST", path, {**body, "job_id": NOBODYS}, 404) == "Job not found"


@pytest.mark.parametrize(("what", "method", "path", "body"), ABOUT)
@pytest.mark.parametrize("id", ["one", "1.0", "1_0", "٣", "9" * 30, "0x1", "1%20"])
async def test_an_id_that_is_no_integer_is_invalid(
    seeker: Seeker, what: str, method: str, path: str, body: Any, id: str
) -> None:
    name = {"Job": "job_id", "Interview": "interview_id", "Offer": "offer_id", "Note": "note_id"}
    told = await seeker.refused(method, path.format(id), body)
    assert told == f"Invalid {name.get(what, 'followup_id')} provided"


@pytest.mark.parametrize(("path", "body"), OF_A_JOB)
@pytest.mark.parametrize("id", ["1", 1.5, True, None, [], 2**70])
async def test_so_is_one_in_a_body(seeker: Seeker, path: str, body: dict[str, Any], id: Any) -> None:
    assert await seeker.refused("POST", path, {**body, "job_id": id}) == "Invalid job_id provided"


BAD: list[tuple[str, str, Any, str]] = [
    ("POST", "/jobs", {}, "Invalid input: company: field required; job_title: field required."),
    ("POST", "/jobs", None, "Invalid input: body: field required."),
    ("POST", "/jobs", [], "Invalid input: body: input should be"),
    ("POST", "/jobs", {**NEW_JOB, "company": " "}, "Invalid input: company: string should match"),
    ("POST", "/jobs", {**NEW_JOB, "company": "x" * 256}, "Invalid input: company: string should have at most 255"),
    ("POST", "/jobs", {**NEW_JOB, "job_url": "javascript:alert(1)"}, "Invalid input: job_url: string should match"),
    ("POST", "/jobs", {**NEW_JOB, "salary_min": -1}, "Invalid input: salary_min: must lie between 0 and"),
    ("POST", "/jobs", {**NEW_JOB, "salary_min": "150000"}, "Invalid input: salary_min: must be a number."),
    ("POST", "/jobs", {**NEW_JOB, "salary_min": 1.234}, "Invalid input: salary_min: "),
    ("POST", "/jobs", {**NEW_JOB, "salary_min": 3, "salary_max": 2}, "salary_max must not be below salary_min"),
    ("POST", "/jobs", {**NEW_JOB, "location": "a\0b"}, "Invalid input: the body must not contain NUL characters."),
    ("POST", "/jobs/process", dict(NEW_JOB), "Invalid input: jobTitle: field required."),
    ("GET", "/jobs?limit=1001", None, "Invalid input: limit: input should be less than or equal to 1000."),
    ("GET", "/jobs?limit=0", None, "Invalid input: limit: "),
    ("GET", "/jobs?skip=-1", None, "Invalid input: skip: "),
    ("GET", "/jobs?skip=x", None, "Invalid input: skip: "),
    ("GET", "/jobs?min_score=101", None, "Invalid input: min_score: "),
    ("GET", "/jobs?min_score=nan", None, "Invalid input: min_score: "),
    ("GET", "/jobs?status_filter=hired", None, "Invalid input: status_filter: input should be 'processing', 'saved'"),
    ("GET", "/jobs?status_filter=a%00b", None, "Invalid input: the query must not contain NUL characters."),
    ("GET", "/ats/statistics?as_of=yesterday", None, "Invalid input: as_of: "),
    ("GET", "/ats/interviews/upcoming?days_ahead=-1", None, "Invalid input: days_ahead: "),
    ("GET", "/followup/due?hours_ahead=x", None, "Invalid input: hours_ahead: "),
]


@pytest.mark.parametrize(("method", "path", "body", "told"), BAD)
async def test_what_cannot_be_read_is_told_in_one_sentence(
    seeker: Seeker, method: str, path: str, body: Any, told: str
) -> None:
    assert told in await seeker.refused(method, path, body)


def interview(**bad: Any) -> dict[str, Any]:
    return {**NEW_INTERVIEW, **bad}


OF_A_SAVED_JOB: list[tuple[str, str, dict[str, Any], str]] = [
    ("POST", "/ats/jobs/{}/status", {"status": "hired"}, "status: input should be 'processing', 'saved', 'applied'"),
    ("POST", "/ats/jobs/{}/status", {}, "status: field required"),
    ("PATCH", "/jobs/{}", {"company": None}, "company: "),
    ("PATCH", "/jobs/{}", {"status": "hired"}, "status: input should be"),
    ("POST", "/ats/interviews", interview(interview_type="chess"), "input should be 'phone'"),
    ("POST", "/ats/interviews", interview(duration_minutes=0), "duration_minutes: "),
    ("POST", "/ats/interviews", interview(interviewer_email="jane"), "interviewer_email: value is not"),
    ("POST", "/ats/interviews", interview(scheduled_date="Tuesday"), "scheduled_date: "),
    ("POST", "/ats/interviews", interview(scheduled_date=1763215200), "must be a time in ISO 8601"),
    ("POST", "/ats/interviews", interview(scheduled_date="0001-01-01T00:00:00+14:00"), "1970"),
    ("POST", "/ats/interviews", interview(scheduled_date="9999-12-31T23:59:59-14:00"), "1970"),
    ("POST", "/ats/offers", {**NEW_OFFER, "base_salary": None}, "base_salary: "),
    ("POST", "/ats/notes", {**NEW_NOTE, "note_type": "secret"}, "note_type: input should be 'general'"),
    ("POST", "/followup/schedule", {**NEW_FOLLOW_UP, "followup_type": "never"}, "followup_type: input should be"),
    ("POST", "/followup/sequence", {**NEW_SEQUENCE, "sequence_name": "never"}, "sequence_name: input should be"),
]  # fmt: skip


@pytest.fixture(scope="module")
async def saved(seeker: Seeker) -> int:
    return await seeker.job()


@pytest.mark.parametrize(("method", "path", "body", "told"), OF_A_SAVED_JOB)
async def test_what_it_could_not_mean_is_told_as_well(
    seeker: Seeker, saved: int, method: str, path: str, body: dict[str, Any], told: str
) -> None:
    before = await seeker.caused()
    body = {**body, "job_id": saved} if "job_id" in body else body
    assert told in await seeker.refused(method, path.format(saved), body)
    assert await seeker.caused() == before


async def test_unknown_paths_and_methods_are_told_in_the_same_shape(seeker: Seeker) -> None:
    assert await seeker.refused("GET", "/nowhere", status=404) == "There is nothing at this path."
    assert await seeker.refused("PUT", "/jobs", status=405) == "This path does not take this method."
    assert await seeker.refused("POST", "/analysis/batch", {"job_ids": [1]}, 404) == "There is nothing at this path."


async def test_an_unexpected_error_says_nothing_of_the_inside(seeker: Seeker, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: object) -> None:
        raise RuntimeError("secret-of-the-inside")

    monkeypatch.setattr("api.automation.jobs.CreateJob", broken)
    assert await seeker.refused("POST", "/jobs", dict(NEW_JOB), 500) == "An unexpected error occurred."


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("2035-11-15T14:00:00Z", "2035-11-15T14:00:00Z"),
        ("2035-11-15T16:00:00+02:00", "2035-11-15T14:00:00Z"),
        ("2035-11-15T09:30:00-04:30", "2035-11-15T14:00:00Z"),
        ("2035-11-16T03:45:00.250+13:45", "2035-11-15T14:00:00.250000Z"),
        ("2035-11-15T14:00:00", "2035-11-15T14:00:00Z"),
        ("2035-11-15", "2035-11-15T00:00:00Z"),
    ],
)
async def test_times_come_in_with_any_offset_and_go_out_in_utc(
    seeker: Seeker, saved: int, given: str, shown: str
) -> None:
    body = {**NEW_FOLLOW_UP, "job_id": saved, "scheduled_date": given}
    follow_up = await seeker.ask("POST", "/followup/schedule", body, 201)
    assert follow_up["scheduled_date"] == shown
    found = await seeker.ask("GET", f"/followup/jobs/{saved}")
    assert follow_up in found
