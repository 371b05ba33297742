"""`jobstream as-of` beside a running system."""

import asyncio
from uuid import UUID

from click.testing import CliRunner

from cli.main import main
from domain.dispatch.routing import Routing
from infra.disclosure import Disclosure
from infra.past import as_of
from tests.integration.cli.conftest import There
from tests.jobstream import Ended, jobstream


async def test_an_aggregate_is_shown_as_it_was_at_a_position_or_time_with_personal_fields_masked(there: There) -> None:
    async def shown(*arguments: str) -> Ended:
        return await jobstream("as-of", *arguments, DATABASE_URL=there.dsn)

    created, claimed, synced = await there.routing()
    at_claim, before_sync, not_yet, job, in_clear = await asyncio.gather(
        shown(there.routing_id, "--position", str(claimed["position"])),
        shown(there.routing_id, "--json", "--time", synced["recorded_at"].isoformat()),
        shown(there.routing_id, "--position", str(created["position"] - 1)),
        shown(there.job_id),
        shown(there.job_id, "--personal"),
    )
    assert f"v2, since RoutingClaimed at {claimed['position']}" in at_claim.output
    assert "    status                   processing\n" in at_claim.output
    assert (before_sync.json["kind"], before_sync.json["version"]) == ("dispatch.Routing", 2)
    assert before_sync.json["state"]["status"] == "processing"
    assert (not_yet.status, not_yet.output) == (1, "")
    assert "    homeowner_email          ***\n" in job.output
    assert "john.doe@example.com" not in job.output + job.errors
    assert "    homeowner_email          john.doe@example.com\n" in in_clear.output
    assert "personal fields are read" in in_clear.errors


async def test_at_the_end_of_the_log_it_is_the_aggregate_that_commands_decide_by(there: There) -> None:
    system, routing_id = there.running.system, UUID(there.routing_id)
    live = await system.streams.load(Routing, routing_id, fresh=True)
    past = await as_of(
        system.store, system.codec, Disclosure(system.registry, personal=False), routing_id, await system.store.head()
    )
    assert past is not None
    assert past.state == {name: value for name, value in vars(live).items() if name in past.state}
    assert past.state.keys() == {name for name in vars(live) if not name.startswith("_")} - {"owner"}


def test_one_place_in_the_log_is_asked_for_at_a_time() -> None:
    stream = "01a2054f-19dc-72c0-8483-4c12dec9b5d9"
    ended = CliRunner().invoke(main, ["as-of", stream, "--position", "1", "--time", "2026-01-01"])
    assert ended.exit_code == 2
    assert "not both" in ended.output
