"""Moves from one status to another over HTTP: each pair."""

import pytest

from domain.applications.statuses import MOVES, Status
from tests.contract.automation.seeker import WAYS, Seeker


@pytest.mark.parametrize("before", WAYS)
async def test_a_move_is_made_or_refused_with_those_that_are_allowed(seeker: Seeker, before: str) -> None:
    allowed = MOVES[Status(before)]
    id = await seeker.job(before)
    refused = [status for status in Status if status not in allowed]
    before_refusals = await seeker.timeline(id)
    for status in refused:
        for method, path in (("POST", f"/ats/jobs/{id}/status"), ("PATCH", f"/jobs/{id}")):
            told = await seeker.refused(method, path, {"status": status, "notes": "Once more"})
            assert told == (
                f"Application cannot go from {before} to {status}; allowed: {', '.join(sorted(allowed)) or 'none'}"
            )
    assert await seeker.timeline(id) == before_refusals
    for status in sorted(allowed):
        other = await seeker.job(before)
        answer = await seeker.move(other, status)
        assert (answer["old_status"], answer["new_status"]) == (before, status)
        assert (await seeker.shown(other))["status"] == status
