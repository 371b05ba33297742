"""All measurements, one table, and `bench/results.json`: `python -m bench [--quick] [--only NAME]`, or `make bench`.

Ratios come from alternate rounds on one machine and are the figures to compare; what is absolute depends on it.
"""

import argparse
import asyncio
import logging
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import structlog

from bench import append, codec, memory, posting, projection, rebuild, relay, tracking, visible, web_sockets
from bench.measurement import Result, table
from bench.surroundings import surroundings
from infra.kafka.jars import BrokerUnavailable

RESULTS = Path(__file__).with_name("results.json")

Measure = Callable[[bool], Awaitable[Sequence[Result]]]
Record = Callable[[Sequence[Result]], None]


async def _append(quick: bool) -> Sequence[Result]:
    found = await append.measure()
    name, one, four = found["name"], found["1 process"], found[f"{append.PROCESSES} processes"]
    return [
        Result(name, found["ours"], found["target"], "/s", theirs=found["theirs"], ratio=found["ratio"]),
        Result("the same, 4 processes against 1", four, 0.5, "/s", theirs=one, ratio=four / one),
    ]


async def _apart(quick: bool) -> Sequence[Result]:
    return [await posting.apart(posting.QUICK if quick else posting.FULL)]


async def _together(quick: bool) -> Sequence[Result]:
    return [await posting.together(posting.QUICK if quick else posting.FULL)]


async def _visible(quick: bool) -> Sequence[Result]:
    return [await visible.embedded(visible.QUICK_SECONDS if quick else visible.SECONDS)]


async def _visible_kafka(quick: bool) -> Sequence[Result]:
    return [await visible.kafka(visible.QUICK_SECONDS if quick else visible.SECONDS)]


async def _relay(quick: bool) -> Sequence[Result]:
    found = await relay.measure()
    name = "relay into Kafka against a bare transactional producer"
    return [Result(name, found["ours"], found["target"], "/s", theirs=found["theirs"], ratio=found["ratio"])]


async def _projection(quick: bool) -> Sequence[Result]:
    found = await projection.measure(projection.EVENTS // 3 if quick else projection.EVENTS)
    rates = found["events_per_second"]
    name = "fill a read model, against reading, decoding and one COPY"
    ratio = rates["batch 2000"] / rates["floor"]
    return [Result(name, rates["batch 2000"], None, "/s", theirs=rates["floor"], ratio=ratio, details=found)]


async def _codec(quick: bool) -> Sequence[Result]:
    # In a thread of its own: it runs an event loop for its keys.
    found = await asyncio.to_thread(codec.measure)
    return [
        Result(
            f"write {type}, against fastavro alone",
            cost["write"],
            None,
            "µs",
            theirs=cost["fastavro writes"],
            ratio=cost["write"] / cost["fastavro writes"],
            details=cost,
        )
        for type, cost in found.items()
    ]


async def _memory(quick: bool) -> Sequence[Result]:
    return await memory.measure(memory.QUICK_EVENTS if quick else memory.EVENTS)


async def _web_sockets(quick: bool) -> Sequence[Result]:
    return await web_sockets.measure(web_sockets.QUICK_EVENTS if quick else web_sockets.EVENTS)


async def _rebuild(quick: bool) -> Sequence[Result]:
    return await rebuild.measure(rebuild.QUICK if quick else rebuild.FULL)


async def _tracking(quick: bool) -> Sequence[Result]:
    rounds = posting.QUICK if quick else posting.FULL
    found = [await tracking.beside(size, rounds) for size in (tracking.QUICK_SIZES if quick else tracking.SIZES)]
    return [result for results in found for result in results]


async def _figures(quick: bool) -> Sequence[Result]:
    return [await tracking.figures()]


MEASUREMENTS: Mapping[str, Measure] = {
    "append": _append,
    "posting-apart": _apart,
    "posting-together": _together,
    "visible": _visible,
    "visible-kafka": _visible_kafka,
    "relay": _relay,
    "web-sockets": _web_sockets,
    "tracking": _tracking,
    "figures": _figures,
    "memory": _memory,
    "projection": _projection,
    "rebuild": _rebuild,
    "codec": _codec,
}


async def _run(names: Sequence[str], quick: bool, record: Record) -> tuple[list[Result], dict[str, str]]:
    results: list[Result] = []
    skipped: dict[str, str] = {}
    for number, name in enumerate(names, 1):
        print(f"[{number}/{len(names)}] {name} …", end=" ", file=sys.stderr, flush=True)
        began = time.monotonic()
        try:
            found = await MEASUREMENTS[name](quick)
        except BrokerUnavailable as reason:
            skipped[name] = str(reason)
            print(f"skipped: {reason}", file=sys.stderr)
            continue
        results += found
        record(found)
        print(f"{time.monotonic() - began:.0f} s", file=sys.stderr)
    return results, skipped


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measures, and writes bench/results.json.")
    parser.add_argument("--only", choices=MEASUREMENTS, action="append", metavar="NAME", help=", ".join(MEASUREMENTS))
    parser.add_argument("--quick", action="store_true", help="shorter rounds: a look, not a result")
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    if not arguments.only and not arguments.quick:
        RESULTS.write_bytes(orjson.dumps({"results": []}))
    record = _unrecorded if arguments.quick else partial(_record, surroundings())
    results, skipped = asyncio.run(_run(arguments.only or [*MEASUREMENTS], arguments.quick, record))
    print(table(results))
    for name, reason in skipped.items():
        print(f"{name}: skipped, {reason}")


def _unrecorded(results: Sequence[Result]) -> None:
    """A look is no result."""


def _record(around: dict[str, Any], results: Sequence[Result]) -> None:
    """Each line takes the place of that of the same name, at once: a run may take half an hour and fail at its end."""
    apart = {"date": around["date"], "load_at_start": around["load_at_start"]}
    rows = [asdict(result) | {"value": result.value, "met": result.met, "measured": apart} for result in results]
    names = {row["name"] for row in rows}
    kept = [row for row in orjson.loads(RESULTS.read_bytes())["results"] if row["name"] not in names]
    recorded = around | {"results": kept + rows}
    RESULTS.write_bytes(orjson.dumps(recorded, option=orjson.OPT_INDENT_2) + b"\n")


if __name__ == "__main__":
    main()
