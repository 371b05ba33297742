"""Rebuilding a read model: how fast, in how much memory, and at what cost to others: `python -m bench.rebuild`."""

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bench import growth, history, library_projection, pages, rebuild_beside
from bench.measurement import Result
from bench.processes import MASTER_KEY
from bench.projection import Bench, bench, routings
from cli.processor_time import spare_collections
from infra.log_ranges import LogRanges
from projections.generations import ensure_generations
from projections.rebuild import Source, rebuilding
from runtime.system import READ_MODELS


@dataclass(frozen=True, slots=True)
class Sizes:
    """Events of the rounds against the floor, of the library's, of the growing log; rows of the long list; seconds,
    rounds and events of what goes on beside commands."""

    rounds: int
    events: int
    library: int
    growing: tuple[int, ...]
    rows: int
    beside: tuple[float, int, int]


FULL = Sizes(3, 180_000, 4_500, (10_000, 100_000, 1_000_000), 1_000_000, (15.0, 3, 300_000))
QUICK = Sizes(2, 36_000, 900, (10_000, 50_000), 50_000, (6.0, 1, 60_000))


async def measure(sizes: Sizes = FULL) -> list[Result]:
    async with bench() as here:
        found = await _rates(here, sizes)
    async with bench() as here:
        found.append(await _growing(here, sizes))
    found.append(await pages.measure(sizes.rows))
    found.append(await rebuild_beside.measure(*sizes.beside))
    return found


async def _rates(here: Bench, sizes: Sizes) -> list[Result]:
    spare_collections()  # as `jobstream replay` does; floor and library profit too
    head = await history.write(here.database.pool, here.codec, sizes.events)
    rounds = []
    for number in range(sizes.rounds):
        floor = await here.floor()
        await here.database.pool.execute("drop schema floor_v1 cascade")
        ours = await _rebuilt(here, f"round{number}", head)
        rounds.append((ours, floor, await asyncio.to_thread(library_projection.rate, here.database.dsn, sizes.library)))
    ours, floor, theirs = (statistics.median(column) for column in zip(*rounds, strict=True))
    to_floor = statistics.median(one / other for one, other, _ in rounds)
    to_library = statistics.median(one / other for one, _, other in rounds)
    against = "against reading, decoding and one COPY"
    return [
        Result(f"rebuild of a read model, {against}", ours, 0.5, "events/s", theirs=floor, ratio=to_floor),
        Result("the same, against the library's runner", ours, 20, "events/s", theirs=theirs, ratio=to_library),
    ]


async def _rebuilt(here: Bench, name: str, head: int) -> float:
    """Events/s from nothing to a generation with indexes and statistics."""
    model, pool = routings(name), here.database.pool
    await ensure_generations(pool, [model], here.store.epoch)
    await history.claim_projected(pool, model.schema, head)
    source = Source(here.database.dsn, pool, LogRanges(pool, here.store.epoch, here.codec))
    began = time.perf_counter()
    async with rebuilding(source, model) as rebuild:
        await rebuild.fill()
        return head / (time.perf_counter() - began)


async def _growing(here: Bench, sizes: Sizes) -> Result:
    pool, head, points = here.database.pool, 0, []
    await ensure_generations(pool, READ_MODELS, here.store.epoch)
    for events in sizes.growing:
        head = await history.write(pool, here.codec, events - head)
        await history.claim_projected(pool, "routings_v1", head)
        points.append(await asyncio.to_thread(_replayed, here.database.dsn, head))
    if sizes is FULL:
        growth.draw(points)
    last = points[-1]
    details = {f"{point.events:,} events": f"{point.seconds:.1f} s, {point.megabytes:.0f} MB" for point in points}
    return Result(
        f"memory of a rebuild of {last.events:,} events", last.megabytes, 400, "MB", at_most=True, details=details
    )


def _replayed(dsn: str, events: int) -> growth.Point:
    """`jobstream replay routings`, from its start to its end."""
    settings = {"DATABASE_URL": dsn, "MASTER_KEY": MASTER_KEY, "LOG_FORMAT": "json"}
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "errors").open("wb") as errors:
        began = time.perf_counter()
        command = [sys.executable, "-m", "cli", "replay", "routings", "--yes", "--keep", "0"]
        process = subprocess.Popen(command, env=os.environ | settings, stdout=errors, stderr=errors)
        peak = 0.0
        while process.poll() is None:
            # Not what wait4 says: that counts the process which it was forked from.
            peak = max(peak, _peak_megabytes(process.pid))
            time.sleep(0.02)
        if process.returncode:
            raise RuntimeError(f"jobstream replay ended with status {process.returncode}")
        return growth.Point(events, time.perf_counter() - began, peak)


def _peak_megabytes(pid: int) -> float:
    """What a process has had in memory at most; 0 when it is gone."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    return 0.0


if __name__ == "__main__":
    for result in asyncio.run(measure(QUICK if "--quick" in sys.argv else FULL)):
        print(result)
