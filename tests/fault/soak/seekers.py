"""People who look for work: they take postings down and apply, and what must have become of all of it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import asyncpg
import httpx

from domain.applications.sequences import POST_APPLICATION, SEQUENCES
from projections.applications.fold import applications
from tests.fault.processes.load import at_work
from tests.running import until

SEEKERS = 2
_SETTLE_SECONDS = 120.0
_JOB = {"company": "Google", "job_title": "Engineer", "source": "linkedin"}

# Nothing left to do: every job is processed, and every application that was sent has its follow-ups.
_OPEN = f"""
select (select count(*) from {applications.schema}.application where status = 'processing')
 + (select count(*) * $1 from events where type = 'ApplicationStatusChanged')
 - (select count(*) from {applications.schema}.follow_up)"""
_OF_TYPE = "select stream_id from events where type = $1"
_APPLIED = f"select number from {applications.schema}.application where status = 'applied' order by number"


@dataclass
class Seekers:
    """`applied` are the numbers of the jobs that were applied for; `refused` the answers other than success."""

    client: httpx.AsyncClient
    pause: float
    applied: list[int] = field(default_factory=list)
    refused: list[httpx.Response] = field(default_factory=list)
    broken: Counter[str] = field(default_factory=Counter)
    stopped: bool = False
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def seek(self) -> None:
        """One of them: a job after the other, each request with its key again and again until it is carried out."""
        while not self.stopped:
            job = await self._answered("/jobs", _JOB)
            await self._answered(f"/ats/jobs/{job['id']}/status", {"status": "applied"})
            self.applied.append(job["id"])

    async def finish(self) -> None:
        """No more jobs; wait until everybody has applied for the last one."""
        self.stopped = True
        try:
            async with asyncio.timeout(_SETTLE_SECONDS):
                await asyncio.gather(*self.tasks)
        except TimeoutError:
            last = [f"{answer.status_code} {answer.text}" for answer in self.refused[-4:]]
            raise AssertionError(f"a request is not carried out; the last refusals: {last}") from None

    async def _answered(self, path: str, body: Any) -> Any:
        headers = {"Idempotency-Key": str(uuid4())}
        while True:
            await asyncio.sleep(self.pause)
            try:
                answer = await self.client.post(path, json=body, headers=headers)
            except httpx.TransportError as error:
                self.broken[type(error).__name__] += 1
                continue
            if answer.is_success:
                return answer.json()
            self.refused.append(answer)


@asynccontextmanager
async def seeking(root: str, pause: float) -> AsyncIterator[Seekers]:
    """People at work on the product at `root`, until they are told to finish."""
    async with httpx.AsyncClient(base_url=f"{root}/automation/api/v1", timeout=60, trust_env=False) as client:
        seekers = Seekers(client, pause)
        async with at_work(seekers.seek() for _ in range(SEEKERS)) as seekers.tasks:
            yield seekers


async def assert_each_once(dsn: str, applied: Sequence[int], seconds: float = 300.0) -> int:
    """Every job is there once, applied for once, with one sequence of follow-ups; how many there are.

    Not every one was saved: whoever is quicker than the processing applies at once.
    """
    steps = len(SEQUENCES[POST_APPLICATION])
    wanted = {"JobCreated": 1, "ApplicationStatusChanged": 1, "FollowUpScheduled": steps}
    connection: asyncpg.Connection[Any] = await asyncpg.connect(dsn)
    try:

        async def nothing_open() -> bool:
            return await connection.fetchval(_OPEN, steps) == 0

        await until(nothing_open, seconds)
        for type, each in wanted.items():
            found = Counter(row[0] for row in await connection.fetch(_OF_TYPE, type))
            assert (found.total(), set(found.values())) == (each * len(applied), {1}), type  # each on its own stream
        assert [row[0] for row in await connection.fetch(_APPLIED)] == sorted(applied)
    finally:
        await connection.close()
    return len(applied)
