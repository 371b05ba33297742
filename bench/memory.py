"""What `make run` holds in memory, with its PostgreSQL: proportional set sizes, idle and after many events.

`python -m bench.memory`. Linux only: it reads /proc.
"""

import asyncio
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from bench import directory
from bench.measurement import Result
from bench.processes import free_port, load, process
from infra.embedded_postgres import EmbeddedPostgres

EVENTS, QUICK_EVENTS = 200_000, 20_000
EVENTS_OF_A_JOB = 1 + 3 * directory.ROUTINGS  # created; created, claimed and synced each
CALLERS = 32
PART_SECONDS = 5.0
SETTLE_SECONDS = 10.0
_MEGABYTE = 1_000_000


def family(pid: int) -> list[int]:
    """The process and all its descendants."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


def megabytes(pids: list[int]) -> float:
    """Proportional set size: memory that several processes share counts once in their sum."""
    total = 0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total * 1024 / _MEGABYTE


async def measure(events: int = EVENTS) -> list[Result]:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="jobstream-bench-")))
        port = free_port()
        serve = await stack.enter_async_context(
            process(folder, "cli", "serve", JOBSTREAM_HOME=str(folder), PORT=str(port))
        )
        await asyncio.sleep(SETTLE_SECONDS)
        idle = megabytes(family(serve.pid))
        await _fill(folder, port, events)
        await asyncio.sleep(SETTLE_SECONDS)
        filled = megabytes(family(serve.pid))
    name = "memory of `make run`, PostgreSQL included"
    return [
        Result(f"{name}, idle", idle, 160, "MB", at_most=True),
        Result(f"{name}, after {events:,} events", filled, 300, "MB", at_most=True),
    ]


async def _fill(folder: Path, port: int, events: int) -> None:
    dsn = EmbeddedPostgres(folder / "postgres").running_elsewhere()
    assert dsn is not None
    body, jobs = await directory.job(dsn), 0
    while jobs * EVENTS_OF_A_JOB < events:
        report = await load(port, directory.PATH, body, CALLERS, PART_SECONDS)
        jobs += report["answers"]
        await directory.all_synced(dsn, directory.ROUTINGS * jobs)


if __name__ == "__main__":
    for result in asyncio.run(measure()):
        print(result)
