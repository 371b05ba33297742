"""`jobstream as-of` beside a running system."""

import asyncio
from pathlib import Path
from uuid import UUID

from domain.dispatch.routing import Routing
from infra.disclosure import Disclosure
from infra.past import as_of
from tests.conformance.trade import Trade
from tests.jobstream import jobstream
from tests.running import running, until


async def test_an_aggregate_is_shown_as_it_was_at_a_position_or_time_with_personal_fields_masked(
    database: str, tmp_path: Path
) -> None:
    async with running(database, tmp_path) as there:
        trade = Trade(there.client)
        await trade.company("Receiver", "plumbing")
        job_id = await trade.job(await trade.sender("Sender"), "Dripping tap", "plumbing")

        async def synced() -> bool:
            return await trade.statuses(job_id) == ["synced"]

        await until(synced, 60)
        [routing] = await trade.routings(job_id)
        routing_id = UUID(routing["id"])
        created, claimed, synchronised = await there.system.store.read_stream(routing_id)
        now, at_claim, before_sync, not_yet, job, in_clear = await asyncio.gather(
            jobstream("as-of", routing["id"], "--json", DATABASE_URL=database),
            jobstream("as-of", routing["id"], "--position", str(claimed["position"]), DATABASE_URL=database),
            jobstream("as-of", routing["id"], "--json", "--time", synchronised["recorded_at"].isoformat(),
                      DATABASE_URL=database),
            jobstream("as-of", routing["id"], "--position", str(created["position"] - 1), DATABASE_URL=database),
            jobstream("as-of", job_id, DATABASE_URL=database),
            jobstream("as-of", job_id, "--personal", DATABASE_URL=database),
        )  # fmt: skip
        live = await there.system.streams.load(Routing, routing_id, fresh=True)
        shown = Disclosure(there.system.registry, personal=False)
        past = await as_of(there.system.store, there.system.codec, shown, routing_id, synchronised["position"])
    assert now.json["state"]["status"] == "synced"
    assert (now.json["kind"], now.json["version"]) == ("dispatch.Routing", 3)
    assert f"v2, since RoutingClaimed at {claimed['position']}" in at_claim.output
    assert "    status                   processing\n" in at_claim.output
    assert before_sync.json["state"]["status"] == "processing"
    assert (not_yet.status, not_yet.output) == (1, "")
    assert "    homeowner_email          ***\n" in job.output
    assert "john.doe@example.com" not in job.output + job.errors
    assert "    homeowner_email          john.doe@example.com\n" in in_clear.output
    assert "personal fields are read" in in_clear.errors
    assert past is not None
    assert past.state == {name: value for name, value in vars(live).items() if name in past.state}
    assert past.state.keys() == {name for name in vars(live) if not name.startswith("_")} - {"owner"}


async def test_one_place_in_the_log_is_asked_for_at_a_time(database: str) -> None:
    stream = "01a2054f-19dc-72c0-8483-4c12dec9b5d9"
    ended = await jobstream("as-of", stream, "--position", "1", "--time", "2026-01-01", DATABASE_URL=database)
    assert ended.status == 2
    assert "not both" in ended.errors
