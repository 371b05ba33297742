"""The same stories over both feeds, undisturbed and while at seeded moments parts crash, read models are exchanged and
dead letters redriven: they end the same.
"""

import asyncio
import random
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from infra.database import Pool
from projections.failures import Overtaken
from projections.read_model import ReadModel
from projections.rebuild import prune, rebuilding
from projections.standstill import LiveBehind
from runtime.parts import redrives
from runtime.system import READ_MODELS
from streams.runner import INFRASTRUCTURE
from tests.conformance.installation import Installation, installed
from tests.conformance.outcome import Outcome, differences, outcome
from tests.conformance.pursuits import EXPECTED as PURSUED
from tests.conformance.pursuits import PURSUITS, pursuits
from tests.conformance.stories import STORIES, in_time

CRASHES = 10

EXPECTED: Outcome = {
    "jobs": [
        ("(erased)", "(erased)", "pending", None, "gardening receiver", "synced", None),
        ("A defect", "John Doe", "pending", None, "locks receiver", "synced", None),
        ("Blocked drain", "John Doe", "completed", "450.00", "drains receiver", "completed", None),
        ("Created but not heard of", "John Doe", "pending", None, "flooring receiver", "synced", None),
        ("Dead socket", "John Doe", "pending", None, "electrical receiver", "synced", None),
        ("Dripping tap", "John Doe", "pending", None, "plumbing receiver", "synced", None),
        ("Missing tiles", "John Doe", "pending", None, "roofing receiver", "synced", None),
        ("Refused", "John Doe", "pending", None, "painting receiver", "failed", "mock: refused on purpose"),
        ("Unavailable at first", "John Doe", "pending", None, "carpentry receiver", "synced", None),
    ],
    "technicians": [
        ("(erased)",),
        *((f"{skill} sender's technician",) for skill in
          ("carpentry", "drains", "electrical", "flooring", "locks", "painting", "plumbing", "roofing")),
    ],
    "deadlines": [("routing_overdue", "mock: refused on purpose")],
    "parked": [],
    "at the provider": [("completed", "450.00", 1, 1), ("scheduled", None, 7, 7)],
}  # fmt: skip


async def crash(there: Installation, chance: random.Random) -> None:
    """Parts end and begin again; connections are cut by the server."""
    for _ in range(CRASHES):
        await asyncio.sleep(chance.uniform(0.05, 0.5))
        part = chance.choice([*there.parts, None])
        if part is None:
            await cut_connections(there.system.database.pool, chance)
        else:
            await part.stop()
            await asyncio.sleep(chance.uniform(0, 0.3))
            await part.start()


async def cut_connections(pool: Pool, chance: random.Random) -> None:
    sessions = "select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
    async with pool.acquire() as connection:
        pids = [row["pid"] for row in await connection.fetch(f"{sessions} order by pid")]
        await connection.execute(
            "select pg_terminate_backend(pid) from unnest($1::int[]) pid", chance.sample(pids, len(pids) // 2)
        )


async def exchange(there: Installation, chance: random.Random) -> None:
    """Every read model is made again, and what was made takes the live one's place."""
    for model in chance.sample(READ_MODELS, len(READ_MODELS)):
        await asyncio.sleep(chance.uniform(0.05, 0.5))
        await in_time(there, partial(exchanged, there, model))


async def exchanged(there: Installation, model: ReadModel) -> bool:
    """False when a crash came between."""
    try:
        async with rebuilding(there.system.source, model) as rebuild:
            await rebuild.fill()
            await rebuild.flip()
        await prune(there.system.source, model, keep=0)
    except (LiveBehind, Overtaken, *INFRASTRUCTURE):
        return False
    return True


async def redrive(there: Installation, chance: random.Random) -> None:
    """An operator is impatient with whatever is parked, mended or not."""
    for _ in range(CRASHES):
        await asyncio.sleep(chance.uniform(0.05, 0.5))
        for agent in redrives(there.system).values():
            with suppress(*INFRASTRUCTURE):
                for parked in await agent.parked():
                    await agent.stream(parked.stream_id)


@pytest.fixture(params=["store", "kafka"])
def broker(request: pytest.FixtureRequest) -> str | None:
    """The brokers, or none for the store's own feed."""
    return str(request.getfixturevalue("kafka")) if request.param == "kafka" else None


@pytest.mark.parametrize("seed", [None, 1, 2], ids=["undisturbed", "crashes-1", "crashes-2"])
async def test_every_story_ends_the_same(
    broker: str | None, seed: int | None, database: str, tmp_path: Path, topic_prefix: str
) -> None:
    async with installed(database, tmp_path, broker, topic_prefix) as there:
        disturbances = [] if seed is None else [crash, exchange, redrive]
        disturbing = [disturb(there, random.Random(seed)) for disturb in disturbances]
        async with asyncio.timeout(150):
            await asyncio.gather(*(story(there) for story in (*STORIES, *PURSUITS)), *disturbing)

        async def as_expected() -> bool:
            return await outcome(there.system) == EXPECTED and await pursuits(there.system) == PURSUED

        try:
            await in_time(there, as_expected, 30)
        except AssertionError:
            assert await outcome(there.system) == EXPECTED
            assert await pursuits(there.system) == PURSUED
        assert await differences(there.system) == {}
        assert there.failures == []
