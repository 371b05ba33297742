"""Automation answers as its OpenAPI document says."""

from pathlib import Path

from tests.contract.automation.seeker import PLACE, Seeker
from tests.integration.openapi_conformance import Ids, operations_kept, system_in_a_thread
from tests.running import Running


async def furnished(on: Running) -> Ids:
    """A job with one of everything, as the ids by which operations speak of them."""
    async with on.at(PLACE) as client:
        seeker = Seeker(on, client)
        id = await seeker.job("interviewing")
        follow_up = {"job_id": id, "followup_type": "custom", "scheduled_date": "2035-11-17T09:00:00Z"}
        return {
            "job_id": id,
            "interview_id": (await seeker.interview(id))["id"],
            "offer_id": (await seeker.offer(id))["id"],
            "note_id": (await seeker.ask("POST", "/ats/notes", {"job_id": id, "content": "x"}, 201))["id"],
            "followup_id": (await seeker.ask("POST", "/followup/schedule", follow_up, 201))["id"],
        }


def test_every_answer_is_one_that_the_document_names(database: str, tmp_path: Path) -> None:
    with system_in_a_thread(database, tmp_path, furnished) as (url, ids):
        tried = operations_kept(f"{url}{PLACE}/openapi.json", ids, examples=8)
    assert len(tried) >= 27
