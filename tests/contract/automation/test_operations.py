"""Each of the document's operations by its own example."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.contract.automation.document import (
    ACCEPTANCE,
    CREATED,
    DUE,
    EXTENSION,
    FOLLOW_UP,
    INTERVIEW,
    JOB,
    LIST,
    MOVE,
    MOVED,
    NEGOTIATION,
    NEW_FOLLOW_UP,
    NEW_INTERVIEW,
    NEW_JOB,
    NEW_NOTE,
    NEW_OFFER,
    NEW_SEQUENCE,
    NOTE,
    OFFER,
    OUTCOME,
    PROCESSED,
    SENT,
    SEQUENCE,
    STATISTICS,
    TIMELINE,
    UPCOMING,
    UPDATE,
)
from tests.contract.automation.seeker import People, Seeker
from tests.contract.likeness import assert_like

SOON = {"scheduled_date": (datetime.now(UTC) + timedelta(days=2)).strftime("%Y-%m-%dT14:00:00Z")}


def given(sent: Any, answer: Any) -> Any:
    """Those fields of an answer that were sent."""
    return {name: answer[name] for name in sent}


async def test_creating_a_job_answers_with_the_job_in_processing(seeker: Seeker) -> None:
    job = await seeker.create()
    assert_like(CREATED, job)
    assert given(NEW_JOB, job) == NEW_JOB
    assert (job["status"], job["job_id"]) == ("processing", f"linkedin_{job['id']}")
    assert job["created_at"] == job["updated_at"]


async def test_a_job_turns_saved_when_its_processing_is_done(seeker: Seeker) -> None:
    created = await seeker.create()
    job = await seeker.until(created["id"], "saved")
    assert_like(JOB, job)
    assert {**job, **created} == {**created, "recommendation": None}
    assert job["updated_at"] >= created["updated_at"]


async def test_jobs_are_listed_newest_first(seeker: Seeker) -> None:
    first, second = await seeker.job(), await seeker.job()
    page = await seeker.ask("GET", "/jobs?limit=2")
    assert_like(LIST, page)
    assert [job["id"] for job in page["jobs"]] == [second, first]
    assert (page["skip"], page["limit"]) == (0, 2)
    assert (await seeker.ask("GET", "/jobs?skip=1&limit=1"))["jobs"] == page["jobs"][1:]
    assert (await seeker.ask("GET", "/jobs"))["limit"] == 100


async def test_jobs_are_filtered_by_status_and_score_with_an_exact_total(seeker: Seeker) -> None:
    before = (await seeker.ask("GET", "/jobs?status_filter=applied"))["total"]
    applied, _ = await seeker.job("applied"), await seeker.job("rejected")
    page = await seeker.ask("GET", "/jobs?status_filter=applied&limit=1")
    assert (page["total"], page["jobs"][0]["id"]) == (before + 1, applied)
    # Nothing is analysed yet, so no job has a score.
    assert await seeker.ask("GET", "/jobs?status_filter=saved&min_score=70&limit=20") == {
        "total": 0, "jobs": [], "skip": 0, "limit": 20
    }  # fmt: skip


async def test_a_job_is_read_by_its_id(seeker: Seeker) -> None:
    id = await seeker.job()
    job = await seeker.shown(id)
    assert_like(JOB, job)
    assert given(NEW_JOB, job) == NEW_JOB


async def test_updating_a_job_moves_its_application_and_notes_why(seeker: Seeker) -> None:
    id = await seeker.job()
    job = await seeker.ask("PATCH", f"/jobs/{id}", UPDATE)
    assert_like(JOB, job)
    assert job["status"] == "applied"
    [*_, event] = (await seeker.timeline(id))["events"]
    assert (event["to_status"], event["notes"]) == ("applied", UPDATE["notes"])


async def test_updating_a_job_changes_what_is_named_and_nothing_else(seeker: Seeker) -> None:
    id = await seeker.job()
    before = await seeker.shown(id)
    changes = {"location": "Remote", "salary_max": None, "job_title": "Staff Engineer"}
    after = await seeker.ask("PATCH", f"/jobs/{id}", changes)
    assert after == {**before, **changes, "updated_at": after["updated_at"]}
    assert after["updated_at"] > before["updated_at"]
    assert await seeker.ask("PATCH", f"/jobs/{id}", {}) == after
    assert await seeker.shown(id) == after


async def test_notes_without_a_status_become_a_note(seeker: Seeker) -> None:
    id = await seeker.job()
    await seeker.ask("PATCH", f"/jobs/{id}", {"notes": "Ask Ann about them"})
    [note] = await seeker.ask("GET", f"/ats/jobs/{id}/notes")
    assert (note["note_type"], note["content"]) == ("general", "Ask Ann about them")


async def test_a_deleted_job_is_gone(seeker: Seeker) -> None:
    id = await seeker.job()
    total = (await seeker.ask("GET", "/jobs"))["total"]
    assert await seeker.ask("DELETE", f"/jobs/{id}", status=204) is None
    assert await seeker.refused("GET", f"/jobs/{id}", status=404) == "Job not found"
    assert await seeker.refused("DELETE", f"/jobs/{id}", status=404) == "Job not found"
    assert (await seeker.ask("GET", "/jobs"))["total"] == total - 1


async def test_the_extension_hands_over_a_job_for_processing(seeker: Seeker) -> None:
    answer = await seeker.ask("POST", "/jobs/process", EXTENSION)
    assert_like(PROCESSED, answer)
    assert given({**PROCESSED, "jobId": 1}, answer) == {**PROCESSED, "jobId": answer["jobId"]}
    job = await seeker.until(answer["jobId"], "saved")
    assert (job["job_title"], job["job_url"]) == (EXTENSION["jobTitle"], EXTENSION["jobUrl"])


async def test_a_status_is_changed_and_told_with_the_one_before(seeker: Seeker) -> None:
    id = await seeker.job("applied")
    answer = await seeker.ask("POST", f"/ats/jobs/{id}/status", MOVE)
    assert_like(MOVED, answer)
    assert given(("job_id", "old_status", "new_status"), answer) == {
        "job_id": id, "old_status": "applied", "new_status": "interviewing"
    }  # fmt: skip
    [*_, event] = (await seeker.timeline(id))["events"]
    assert (event["id"], event["notes"]) == (answer["event_id"], MOVE["notes"])
    assert event["created_at"] == answer["status_changed_at"]


async def test_the_timeline_tells_everything_in_order(seeker: Seeker) -> None:
    id = await seeker.job()
    await seeker.move(id, "applied", "Applied via company website")
    interview = await seeker.interview(id)
    note = await seeker.ask("POST", "/ats/notes", {"job_id": id, "content": "Really excited about this role"}, 201)
    timeline = await seeker.timeline(id)
    assert timeline.keys() == TIMELINE.keys()
    assert_like(TIMELINE["interviews"], timeline["interviews"])
    assert_like(TIMELINE["notes"], timeline["notes"])
    events = timeline["events"]
    assert [event["created_at"] for event in events] == sorted(event["created_at"] for event in events)
    changed, scheduled = TIMELINE["events"]
    applied = next(event for event in events if event.get("to_status") == "applied")
    assert_like(changed, applied)
    assert (applied["from_status"], applied["notes"]) == ("saved", "Applied via company website")
    [agreed] = [event for event in events if event["event_type"] == "interview_scheduled"]
    assert_like(scheduled, agreed)
    assert (agreed["interview_type"], agreed["scheduled_date"]) == ("phone", NEW_INTERVIEW["scheduled_date"])
    assert timeline["interviews"][0]["id"] == interview["id"]
    assert (timeline["notes"][0]["id"], timeline["offers"]) == (note["id"], [])


async def test_an_interview_is_scheduled(seeker: Seeker) -> None:
    id = await seeker.job("applied")
    interview = await seeker.interview(id)
    assert_like(INTERVIEW, interview)
    assert given(NEW_INTERVIEW, interview) == {**NEW_INTERVIEW, "job_id": id}
    assert await seeker.ask("GET", f"/ats/jobs/{id}/interviews") == [interview]


async def test_an_interview_is_updated_with_its_outcome(seeker: Seeker) -> None:
    id = await seeker.job("applied")
    interview = await seeker.interview(id)
    updated = await seeker.ask("PUT", f"/ats/interviews/{interview['id']}", OUTCOME)
    assert updated == {**interview, **OUTCOME}
    assert await seeker.ask("GET", f"/ats/jobs/{id}/interviews") == [updated]


async def test_interviews_of_the_next_days_are_listed_the_next_one_first(seeker: Seeker) -> None:
    id = await seeker.job("applied")
    later = {"scheduled_date": (datetime.now(UTC) + timedelta(days=20)).isoformat()}
    far, near = await seeker.interview(id, **later), await seeker.interview(id, **SOON)
    found = await seeker.ask("GET", "/ats/interviews/upcoming")
    assert_like(UPCOMING, found)
    assert near["id"] in [one["id"] for one in found]
    assert far["id"] not in [one["id"] for one in found]
    wider = await seeker.ask("GET", "/ats/interviews/upcoming?days_ahead=30")
    places = [one["scheduled_date"] for one in wider]
    assert places == sorted(places)
    assert far["id"] in [one["id"] for one in wider]


async def test_an_offer_is_recorded(seeker: Seeker) -> None:
    id = await seeker.job("interviewing")
    offer = await seeker.offer(id)
    assert_like(OFFER, offer)
    assert given(NEW_OFFER, offer) == {**NEW_OFFER, "job_id": id, "expiration_date": "2035-11-27T17:00:00Z"}
    assert (offer["offer_status"], offer["negotiation_history"]) == ("pending", [])
    assert await seeker.ask("GET", f"/ats/jobs/{id}/offers") == [offer]


async def test_an_offer_is_accepted(people: People) -> None:
    seeker = await people.somebody()
    offer = await seeker.offer(await seeker.job("interviewing"))
    accepted = await seeker.ask("PUT", f"/ats/offers/{offer['id']}", ACCEPTANCE)
    assert accepted == {**offer, **ACCEPTANCE}


async def test_a_negotiation_is_added_to_the_history(seeker: Seeker) -> None:
    offer = await seeker.offer(await seeker.job("interviewing"))
    path = f"/ats/offers/{offer['id']}/negotiate"
    answer = await seeker.ask("POST", path, NEGOTIATION)
    [entry] = answer["negotiation_history"]
    assert given(NEGOTIATION, entry) == NEGOTIATION
    assert {**answer, "negotiation_history": []} == {**offer, "offer_status": "negotiating"}
    again = await seeker.ask("POST", path, {"requested_changes": "One more week"})
    assert [one["requested_changes"] for one in again["negotiation_history"]] == [
        NEGOTIATION["requested_changes"], "One more week"
    ]  # fmt: skip


async def test_a_note_is_added_and_updated(seeker: Seeker) -> None:
    id = await seeker.job()
    note = await seeker.ask("POST", "/ats/notes", {**NEW_NOTE, "job_id": id}, 201)
    assert_like(NOTE, note)
    assert given(NEW_NOTE, note) == {**NEW_NOTE, "job_id": id}
    updated = await seeker.ask("PUT", f"/ats/notes/{note['id']}", {"content": "Corrected"})
    assert updated == {**note, "content": "Corrected", "updated_at": updated["updated_at"]}
    assert updated["updated_at"] > note["updated_at"]
    assert await seeker.ask("GET", f"/ats/jobs/{id}/notes") == [updated]


async def test_a_follow_up_is_scheduled(seeker: Seeker) -> None:
    id = await seeker.job("applied")
    await seeker.follow_ups(id, 3)
    follow_up = await seeker.ask("POST", "/followup/schedule", {**NEW_FOLLOW_UP, "job_id": id, **SOON}, 201)
    assert_like(FOLLOW_UP, follow_up)
    assert given(NEW_FOLLOW_UP, follow_up) == {**NEW_FOLLOW_UP, "job_id": id, **SOON}
    assert follow_up["status"] == "scheduled"
    assert follow_up in await seeker.follow_ups(id, 4)


@pytest.mark.parametrize(
    ("name", "days", "types"),
    [
        ("post_application", [3, 7, 14], ["post_application", "second_followup", "final_followup"]),
        ("post_interview", [1, 3], ["post_interview", "post_interview"]),
        ("offer_pending", [3, 5], ["offer_response", "offer_response"]),
    ],
)
async def test_a_sequence_is_scheduled_on_its_days_at_nine(
    seeker: Seeker, name: str, days: list[int], types: list[str]
) -> None:
    id, today = await seeker.job(), datetime.now(UTC).date()
    answer = await seeker.ask("POST", "/followup/sequence", {**NEW_SEQUENCE, "job_id": id, "sequence_name": name}, 201)
    assert_like(SEQUENCE, answer)
    assert answer["sequence_id"].startswith("seq_")
    assert answer["followups_scheduled"] == len(days)
    assert [step["followup_type"] for step in answer["followups"]] == types
    planned = [{f"{start + timedelta(days=day)}T09:00:00Z" for start in (today, today + timedelta(1))} for day in days]
    assert all(step["scheduled_date"] in either for step, either in zip(answer["followups"], planned, strict=True))
    texts = [one["email_template"] for one in await seeker.follow_ups(id, len(days))]
    assert all("Jane Smith" in text and "Senior Software Engineer at Google" in text for text in texts)


async def test_follow_ups_that_are_due_soon_are_listed(people: People) -> None:
    seeker = await people.somebody()
    id = await seeker.job()
    for hours in (2.5, 30):
        at = (people.clock.now() + timedelta(hours=hours)).isoformat()
        await seeker.ask("POST", "/followup/schedule", {**NEW_FOLLOW_UP, "job_id": id, "scheduled_date": at}, 201)
    answer = await seeker.ask("GET", "/followup/due")
    assert_like({**DUE, "count": 1}, answer)
    assert (answer["count"], [one["hours_until_due"] for one in answer["followups"]]) == (1, [3])
    assert (await seeker.ask("GET", "/followup/due?hours_ahead=48"))["count"] == 2


async def test_a_follow_up_is_marked_as_sent(seeker: Seeker) -> None:
    id = await seeker.job()
    follow_up = await seeker.ask("POST", "/followup/schedule", {**NEW_FOLLOW_UP, "job_id": id, **SOON}, 201)
    answer = await seeker.ask("POST", f"/followup/{follow_up['id']}/sent", SENT)
    assert answer == {**follow_up, "status": "sent", "sent_date": SENT["sent_date"]}
    assert await seeker.follow_ups(id, 1) == [answer]


async def test_a_cancelled_follow_up_is_due_no_more(seeker: Seeker) -> None:
    id = await seeker.job()
    follow_up = await seeker.ask("POST", "/followup/schedule", {**NEW_FOLLOW_UP, "job_id": id, **SOON}, 201)
    assert await seeker.ask("DELETE", f"/followup/{follow_up['id']}", status=204) is None
    [kept] = await seeker.follow_ups(id, 1)
    assert kept == {**follow_up, "status": "cancelled"}
    due = await seeker.ask("GET", "/followup/due?hours_ahead=72")
    assert follow_up["id"] not in [one["id"] for one in due["followups"]]


async def test_statistics_count_everything(people: People) -> None:
    seeker = await people.somebody()
    assert (await seeker.ask("GET", "/ats/statistics"))["total_applications"] == 0
    for status in ("saved", "saved", "applied", "rejected", "withdrawn"):
        await seeker.job(status)
    passed = await seeker.interview(await seeker.job("interviewing"), scheduled_date="2025-11-15T14:00:00Z")
    await seeker.ask("PUT", f"/ats/interviews/{passed['id']}", OUTCOME)
    soon = (people.clock.now() + timedelta(days=2)).isoformat()
    await seeker.interview(await seeker.job("applied"), scheduled_date=soon)
    await seeker.offer(await seeker.job("interviewing"), base_salary=170000)
    chosen = await seeker.offer(await seeker.job("interviewing"), base_salary=180000)
    await seeker.ask("PUT", f"/ats/offers/{chosen['id']}", ACCEPTANCE)

    statistics = await seeker.ask("GET", "/ats/statistics")
    assert statistics.keys() == STATISTICS.keys()
    assert sum(statistics["by_status"].values()) == statistics["total_applications"] == 9
    assert statistics["by_status"]["saved"] == 2
    assert statistics["by_status"]["accepted"] == 1
    assert_like(STATISTICS["interview_stats"], statistics["interview_stats"])
    assert statistics["interview_stats"] == {
        "total_interviews": 2, "upcoming": 1, "completed": 1, "passed": 1, "rejected": 0
    }  # fmt: skip
    assert_like(STATISTICS["offer_stats"], statistics["offer_stats"])
    assert statistics["offer_stats"] | {"pending": 1} == {
        "total_offers": 2, "pending": 1, "accepted": 1, "declined": 0, "average_base_salary": 175000
    }  # fmt: skip
    assert statistics["success_rate"] == round(2 / 9, 3)


@pytest.mark.parametrize("place", ["/automation/api/v1", "/api/v1"])
@pytest.mark.parametrize("slash", ["", "/"])
async def test_the_interface_is_at_its_own_place_and_at_the_documents(seeker: Seeker, place: str, slash: str) -> None:
    async with seeker.running.at(place) as client:
        created = await client.post(f"/jobs{slash}", json=dict(NEW_JOB))
        assert created.status_code == 201
        assert (await client.get(f"/jobs/{created.json()['id']}{slash}")).status_code == 200
        assert (await client.get("/openapi.json")).json()["info"]["title"] == "Job Automation API"


async def test_a_request_that_is_repeated_with_its_key_is_carried_out_once(seeker: Seeker) -> None:
    id = await seeker.job("applied")
    for path, body in (
        ("/jobs", NEW_JOB),
        ("/ats/interviews", {**NEW_INTERVIEW, "job_id": id}),
        ("/ats/offers", {**NEW_OFFER, "job_id": id, "expiration_date": None}),
        ("/ats/notes", {**NEW_NOTE, "job_id": id}),
        ("/followup/schedule", {**NEW_FOLLOW_UP, "job_id": id, **SOON}),
        ("/followup/sequence", {**NEW_SEQUENCE, "job_id": id}),
    ):
        headers = {"Idempotency-Key": str(uuid4())}
        first = await seeker.ask("POST", path, body, 201, headers=headers)
        before = await seeker.caused()
        again = await seeker.ask("POST", path, body, 201, headers=headers)
        if path == "/jobs":  # which has gone on by itself
            first, again = first["id"], again["id"]
        assert again == first, path
        assert path == "/jobs" or await seeker.caused() == before


async def test_a_repeated_status_change_answers_as_at_first(seeker: Seeker) -> None:
    id, headers = await seeker.job("applied"), {"Idempotency-Key": str(uuid4())}
    first = await seeker.ask("POST", f"/ats/jobs/{id}/status", MOVE, headers=headers)
    await seeker.move(id, "rejected")
    assert await seeker.ask("POST", f"/ats/jobs/{id}/status", MOVE, headers=headers) == first
    other = await seeker.client.post(f"/ats/jobs/{id}/status", json={"status": "rejected"}, headers=headers)
    assert (other.status_code, other.json().keys()) == (422, {"detail"})
