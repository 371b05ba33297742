"""Jobs and applications: `python -m bench.tracking [APPLICATIONS …]`, by default beside 1,000 and 100,000 of them.

As many postings are imported first. Then 128 callers create jobs, change statuses and ask for the first page, each in
alternate rounds with a FastAPI endpoint that only validates and answers; latencies are those at 50 requests/s.
Projectors and agents are processes of their own, over the store's feed.
"""

import asyncio
import os
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import orjson

from bench.measurement import Result
from bench.posting import APART, CALLERS, FULL, QUICK, WARM_UP_SECONDS, Ground, Rounds, ground
from bench.processes import load

PLACE = "/automation/api/v1"
SIZES, QUICK_SIZES = (1_000, 100_000), (1_000,)
PERSONS = 10_000
PER_SECOND = 50.0
PAGE = 20
_SETTLE_SECONDS = 600.0
_JOB: Mapping[str, Any] = {
    "company": "Google",
    "job_title": "Senior Software Engineer",
    "job_description": "We are looking for somebody who has built things that others rely on. " * 10,
    "job_url": "https://careers.google.com/jobs/0",
    "location": "Mountain View, CA",
    "salary_min": 150000,
    "salary_max": 220000,
    "source": "linkedin",
}
_URL = "https://careers.google.com/jobs/"
_HEAD = "select max(position) from events"
_STILL_PROCESSING = "select count(*) from applications_v1.application where status = 'processing'"


@dataclass(slots=True)
class Asked:
    """A request. `numbers` are those that a `{n}` in its path may still go through, each once."""

    name: str
    path: str
    body: Mapping[str, Any] | None
    target: float
    numbers: range | None = None

    def some(self, share: int) -> range | None:
        """The next `share` numbers."""
        if self.numbers is None:
            return None
        taken, self.numbers = self.numbers[:share], self.numbers[share:]
        return taken


def _asked(size: int) -> Sequence[Asked]:
    return (
        Asked("create a job", "/jobs", _JOB, 0.35),
        Asked("change a status", "/ats/jobs/{n}/status", {"status": "applied"}, 0.35, range(1, size + 1)),
        Asked("list jobs", f"/jobs?limit={PAGE}", None, 0.5),
    )


async def beside(size: int, rounds: Rounds = FULL) -> list[Result]:
    """Import so many postings, and measure beside them."""
    async with ground(*APART, SAMPLE_DATA="off") as here:
        imported = await _imported(here, size)
        return [imported, *[await _measured(here, asked, size, rounds) for asked in _asked(size)]]


async def _measured(here: Ground, asked: Asked, size: int, rounds: Rounds) -> Result:
    share = size // (rounds.number + 2)
    await _rate(here.ours, PLACE, asked, WARM_UP_SECONDS, share)
    pairs = []
    for _ in range(rounds.number):
        bare = await _rate(here.bare, "/automation", asked, rounds.seconds, None)
        pairs.append((await _rate(here.ours, PLACE, asked, rounds.seconds, share), bare))
        await _settled(here.dsn)
    seconds = min(rounds.seconds, share / PER_SECOND)
    numbers = asked.some(share)
    latency = await load(here.ours, PLACE + asked.path, asked.body, CALLERS, seconds, PER_SECOND, numbers)
    ours, bare = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(one / other for one, other in pairs)
    quantiles = {"p50_ms": latency["p50"], "p99_ms": latency["p99"]}
    name = f"{asked.name}, beside {size:,} applications; projector and agents apart"
    return Result(name, ours, asked.target, "/s", theirs=bare, ratio=ratio, details=quantiles)


async def _rate(port: int, place: str, asked: Asked, seconds: float, share: int | None) -> float:
    """Answers/s; without a share of the numbers as many as there are."""
    numbers = None if asked.numbers is None else range(1, sys.maxsize) if share is None else asked.some(share)
    report = await load(port, place + asked.path, asked.body, CALLERS, seconds, numbers=numbers)
    return float(report["answers"] / report["seconds"])


async def _settled(dsn: str) -> float:
    """Wait until the agents have nothing left to do; seconds that it took. Raises TimeoutError."""
    connection, began, head = await asyncpg.connect(dsn), time.perf_counter(), -1
    async with asyncio.timeout(_SETTLE_SECONDS):
        while await connection.fetchval(_STILL_PROCESSING) or head != (head := await connection.fetchval(_HEAD)):
            await asyncio.sleep(0.5)
    await connection.close()
    return time.perf_counter() - began


async def _imported(here: Ground, size: int) -> Result:
    """Postings/s from the file to the list. Their processing may trail: how long is in the details."""
    file = here.folder / "postings.jsonl"
    with file.open("wb") as lines:
        lines.writelines(orjson.dumps({**_JOB, "job_url": f"{_URL}{n}"}) + b"\n" for n in range(size))
    command = (sys.executable, "-m", "cli", "import", "jobs", str(file), "--json")
    importing = await asyncio.create_subprocess_exec(*command, stdout=-1, env={**os.environ, **here.settings})
    out, _ = await importing.communicate()
    report = orjson.loads(out)
    trailing = {"saved_after_seconds": round(await _settled(here.dsn), 1)}
    rate = report["imported"] / report["seconds"]
    return Result(f"import {size:,} postings, until listed", rate, 3000.0, "/s", details=trailing)


async def figures(seconds: float = 5.0) -> Result:
    """Statistics of a person with `PERSONS` applications, a few of them with interviews and offers."""
    async with ground(*APART, SAMPLE_DATA="off") as here:
        await _imported(here, PERSONS)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{here.ours}{PLACE}", timeout=60) as client:
            for number in range(1, 201):
                interview = {"job_id": number, "interview_type": "phone", "scheduled_date": "2035-11-15T14:00:00Z"}
                (await client.post("/ats/interviews", json=interview)).raise_for_status()
                offer = {"job_id": number, "base_salary": 150000 + number}
                (await client.post("/ats/offers", json=offer)).raise_for_status()
        await _settled(here.dsn)
        report = await load(here.ours, f"{PLACE}/ats/statistics", None, CALLERS, seconds, PER_SECOND)
    name = f"statistics of a person with {PERSONS:,} applications, p99"
    return Result(name, report["p99"], 20.0, "ms", at_most=True, details={"p50_ms": report["p50"]})


if __name__ == "__main__":
    sizes = [int(argument) for argument in sys.argv[1:] if argument != "--quick"] or SIZES
    for one in sizes:
        for result in asyncio.run(beside(one, QUICK if "--quick" in sys.argv else FULL)):
            print(result)
    print(asyncio.run(figures()))
