"""Service jobs posted a second, against a FastAPI endpoint that only validates and answers: `python -m bench.posting`.

128 callers, one API worker, three routings a job, alternate rounds. Every answer waits until the read models show the
job. `apart`: projectors and agents are processes of their own, over the store's feed. `together`: everything is one
process, and the clock runs on until the last routing is synced.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import directory
from bench.measurement import Result
from bench.processes import MASTER_KEY, free_port, load, process
from infra.embedded_postgres import EmbeddedPostgres
from infra.migrations import migrate

CALLERS = 128
WARM_UP_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Rounds:
    number: int
    seconds: float


FULL, QUICK = Rounds(5, 5.0), Rounds(2, 2.0)


@dataclass(frozen=True, slots=True)
class Ground:
    """Where requests go: ours and the bare endpoint's port; the database; and the settings of the processes."""

    ours: int
    bare: int
    dsn: str
    folder: Path
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Site:
    """The same with the body of a request."""

    ours: int
    bare: int
    dsn: str
    body: dict[str, Any]

    async def post(self, seconds: float) -> float:
        """Requests/s that ours answers."""
        report = await load(self.ours, directory.PATH, self.body, CALLERS, seconds)
        return float(report["answers"] / report["seconds"])

    async def post_and_sync(self, seconds: float) -> float:
        """Requests/s, with the time until all their routings are synced."""
        before, began = (await directory.counts(self.dsn)).routings, time.perf_counter()
        report = await load(self.ours, directory.PATH, self.body, CALLERS, seconds)
        await directory.all_synced(self.dsn, before + directory.ROUTINGS * report["answers"])
        return float(report["answers"] / (time.perf_counter() - began))

    async def post_bare(self, seconds: float) -> float:
        report = await load(self.bare, "/jobs/", self.body, CALLERS, seconds)
        return float(report["answers"] / report["seconds"])

    async def settle(self) -> None:
        """Wait until the agents have nothing left to do."""
        await directory.all_synced(self.dsn, (await directory.counts(self.dsn)).routings)


@asynccontextmanager
async def ground(*roles: tuple[str, ...], **settings: str) -> AsyncIterator[Ground]:
    """The processes of `roles` over a new database, the last of them serving HTTP; and the bare endpoint."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="jobstream-bench-")))
        server = EmbeddedPostgres(folder / "postgres")
        dsn = await server.start()
        stack.push_async_callback(server.stop)
        await migrate(dsn)
        ours, bare = free_port(), free_port()
        settings |= {"DATABASE_URL": dsn, "MASTER_KEY": MASTER_KEY, "JOBSTREAM_HOME": str(folder), "PORT": str(ours)}
        for role in roles:
            await stack.enter_async_context(process(folder, *role, **settings))
        await stack.enter_async_context(process(folder, "bench.noop", str(bare)))
        yield Ground(ours, bare, dsn, folder, settings)


@asynccontextmanager
async def site(*roles: tuple[str, ...], **settings: str) -> AsyncIterator[Site]:
    """The same with a service job to post."""
    async with ground(*roles, **settings) as here:
        yield Site(here.ours, here.bare, here.dsn, await directory.job(here.dsn))


APART = (("bench.followers", "projectors"), ("bench.followers", "agents"), ("cli", "api"))
TOGETHER = (("cli", "serve"),)


async def apart(rounds: Rounds = FULL) -> Result:
    async with site(*APART) as here:
        await here.post(WARM_UP_SECONDS)
        await here.settle()
        pairs = []
        for _ in range(rounds.number):
            bare = await here.post_bare(rounds.seconds)
            pairs.append((await here.post(rounds.seconds), bare))
            await here.settle()
    return _result("POST a job, 3 routings; projector and agents apart", pairs, 0.35)


async def together(rounds: Rounds = FULL) -> Result:
    async with site(*TOGETHER) as here:
        await here.post_and_sync(WARM_UP_SECONDS)
        pairs = []
        for _ in range(rounds.number):
            bare = await here.post_bare(rounds.seconds)
            pairs.append((await here.post_and_sync(rounds.seconds), bare))
    return _result("POST a job, 3 routings; one process, until all are synced", pairs, 0.15)


def _result(name: str, pairs: list[tuple[float, float]], target: float) -> Result:
    ours, bare = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(one / other for one, other in pairs)
    return Result(name, ours, target, "/s", theirs=bare, ratio=ratio)


if __name__ == "__main__":
    chosen = {"apart": apart, "together": together}[sys.argv[1]]
    print(asyncio.run(chosen(QUICK if "--quick" in sys.argv else FULL)))
