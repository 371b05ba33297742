"""What a rebuild costs those who send commands meanwhile: `python -m bench.rebuild_beside`."""

import asyncio
import os
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from bench import directory, history
from bench.measurement import Result
from bench.processes import MASTER_KEY, free_port, load, process
from cli.sample import load_sample
from infra.database import Database
from infra.embedded_postgres import EmbeddedPostgres
from infra.master_key import master_key
from infra.migrations import migrate
from infra.settings import load as settings_from
from infra.subject_keys import PostgresSubjectKeys
from runtime.parts import Background, agents, start_projectors, store_feed
from runtime.system import READ_MODELS, open_system
from schemas.codec import Codec
from schemas.keyring import KeyRing
from schemas.registry import Registry
from streams.store_runner import FEED

EVENTS = 300_000
CALLERS = 64
PER_SECOND = 30.0
ROUNDS = 3


async def measure(seconds: float = 25.0, rounds: int = ROUNDS, events: int = EVENTS) -> Result:
    """Jobs posted at a rate, with one rebuild after the other at work and without, in turns."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="jobstream-bench-")))
        server = EmbeddedPostgres(folder / "postgres")
        dsn = await server.start()
        stack.push_async_callback(server.stop)
        port = free_port()
        changes = {"DATABASE_URL": dsn, "MASTER_KEY": MASTER_KEY, "JOBSTREAM_HOME": str(folder), "PORT": str(port)}
        await _begin(dsn, changes, events)
        await stack.enter_async_context(process(folder, "cli", "serve", **changes))
        body = await directory.job(dsn)

        async def p99() -> float:
            return float((await load(port, directory.PATH, body, CALLERS, seconds, PER_SECOND))["p99"])

        await p99()
        pairs = []
        for _ in range(rounds):
            alone = await p99()
            async with _rebuilds(folder, changes):
                pairs.append((await p99(), alone))
    beside, alone = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(one / other for one, other in pairs)
    name = "commands while a rebuild runs, p99"
    details = {"rounds": [{"beside": pair[0], "alone": pair[1]} for pair in pairs]}
    return Result(name, beside, 2.0, "ms", theirs=alone, ratio=ratio, at_most=True, details=details)


async def _begin(dsn: str, changes: dict[str, str], events: int) -> None:
    """The sample's companies, and a log behind them that everybody but a rebuild has done with."""
    await migrate(dsn)
    settings = settings_from(changes)
    async with open_system(settings, dsn) as system, store_feed(system) as feed, Background(lambda: None) as background:
        start_projectors(system, feed, background)
        await load_sample(system)
        await system.caught_up(await system.store.head())
        names = [agent.name for agent in agents(system)]
    connection = await Database.open(dsn)
    codec = Codec(Registry(), KeyRing(PostgresSubjectKeys(connection.pool), master_key(settings)))
    head = await history.write(connection.pool, codec, events)
    for model in READ_MODELS:
        await history.claim_projected(connection.pool, model.schema, head)
    done = "insert into agent_checkpoints values ($1, $2, 0, $3, 0)"
    await connection.pool.executemany(done, [(name, FEED, head) for name in names])
    await connection.close()


@asynccontextmanager
async def _rebuilds(folder: Path, changes: dict[str, str]) -> AsyncIterator[None]:
    """One after the other, until the block ends."""

    async def again() -> None:
        while True:
            command = (sys.executable, "-m", "cli", "replay", "routings", "--yes", "--keep", "0")
            with (folder / "replay.log").open("ab") as log:
                running = await asyncio.create_subprocess_exec(
                    *command, env=os.environ | changes, stdout=log, stderr=log
                )
            try:
                if await running.wait():
                    raise RuntimeError((folder / "replay.log").read_text()[-500:])
            finally:
                if running.returncode is None:
                    running.kill()
                    await running.wait()

    task = asyncio.create_task(again())
    try:
        yield
        if task.done():
            task.result()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


if __name__ == "__main__":
    print(asyncio.run(measure(6.0, 1, 60_000) if "--quick" in sys.argv else measure()))
