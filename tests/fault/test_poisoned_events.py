"""An event that cannot be read: whoever has to read it stops there and says so, everybody else goes on."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from infra.append import Append, NewEvent
from projections.companies.fold import companies
from projections.routings.fold import routings
from runtime.parts import redrives
from tests.conformance.outcome import differences
from tests.conformance.trade import Trade
from tests.jobstream import jobstream
from tests.running import Running, running, until

BAD_BYTES = b"no event"
UNKNOWN_SCHEMA = b"\0" + (999_999).to_bytes(4) + b"of a newer release"


async def poison(there: Running, data: bytes) -> tuple[int, Any]:
    """A routing that begins with `data`; its position and stream."""
    [routing] = await routings_created(there)
    event = NewEvent(uuid4(), 1, "dispatch", "RoutingCreated", uuid4(), routing["owner"], data, routing["occurred_at"])
    appended = await there.system.store.append(Append((event,), {"correlation_id": "poison"}))
    return appended.first, event.stream_id


async def routings_created(there: Running) -> list[Any]:
    return [row for row in await there.system.store.read(0, 1000) if row["type"] == "RoutingCreated"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [(BAD_BYTES, "schema id"), (UNKNOWN_SCHEMA, "newer release")],
    ids=["bad bytes", "unknown schema"],
)
async def test_an_event_that_cannot_be_read_stops_who_reads_it_until_it_can_be(
    database: str, tmp_path: Path, data: bytes, reason: str
) -> None:
    async with running(database, tmp_path) as there:
        trade = Trade(there.client)
        await trade.company("Receiver", "plumbing")
        sender = await trade.sender("Sender")
        job_id = await trade.job(sender, "Dripping tap", "plumbing")
        at, stream_id = await poison(there, data)
        positions, redrive = there.system.positions, redrives(there.system)["pos_sync"]

        async def stopped() -> bool:
            return positions.stopped(routings) and bool(await redrive.parked())

        await until(stopped)
        assert positions.of(routings) == at - 1
        assert not positions.stopped(companies)
        health = (await there.client.get("/health/detailed")).json()
        assert health["status"] == "degraded"
        assert routings.name in next(
            part["stopped_read_models"] for part in health["components"].values() if "stopped_read_models" in part
        )
        behind = {each["name"]: each for each in (await jobstream("lag", "--json", DATABASE_URL=database)).json}
        assert f"position {at}" in behind["routings"]["error"]
        assert reason in behind["routings"]["error"]
        assert behind["companies"]["error"] is None
        # Commands and other read models go on, and nobody waits for what has stopped.
        renamed = await there.client.patch(f"/companies/{sender.company_id}", json={"name": "Renamed"})
        assert renamed.status_code == 200
        assert (await trade.get(f"/companies/{sender.company_id}"))["name"] == "Renamed"
        assert (await trade.job(sender, "Leaking pipe", "plumbing")) != job_id
        [parked] = await redrive.parked()
        assert (parked.stream_id, parked.position) == (stream_id, at)
        assert reason in parked.error
        good = (await routings_created(there))[0]["data"]
        await there.system.database.pool.execute("update events set data = $1 where position = $2", good, at)
    # Started again, as by the deployment of a release that can read it.
    async with running(database, tmp_path) as there:
        head = await there.system.store.head()
        assert await there.system.positions.reached([routings], head, 60)
        assert not there.system.positions.stopped(routings)
        redriven = await redrives(there.system)["pos_sync"].stream(stream_id)
        assert (redriven.handled, redriven.error) == (1, None)
        assert await differences(there.system) == {}
