"""The load generator, a process of its own: `python -m bench.load PORT METHOD PATH CALLERS SECONDS [--rate R] …`.

Every request has the body that comes on stdin, if any. Every caller keeps one connection and sends the same bytes
again; a `{n}` in PATH counts up instead, from FIRST, until the time or the numbers below END are used up.
Without --rate each sends as soon as it has its answer; with it, requests go out at their times whatever becomes of the
earlier ones, and a request's latency counts from its time, so that a stall of the server is not hidden by the requests
it kept from being sent.
"""

import argparse
import asyncio
import itertools
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import cast

import orjson
import uvloop

_END = b"\r\n\r\n"
_LENGTH = b"content-length: "


@dataclass(slots=True)
class Tally:
    """Latencies of the answers that were as expected, in seconds, and the status lines of the others."""

    latencies: list[float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def report(self, seconds: float) -> bytes:
        ordered = sorted(self.latencies)
        quantiles = {f"p{p}": round(1000 * ordered[len(ordered) * p // 100], 2) for p in (50, 99)} if ordered else {}
        return orjson.dumps(
            {"answers": len(ordered), "seconds": seconds, "refused": len(self.refused), "first": self.refused[:1]}
            | quantiles
        )


class Caller(asyncio.Protocol):
    """One connection. `answered` is called after each answer; it may call `send` at once. `lost`: it has ended."""

    def __init__(self, requests: Iterator[bytes], tally: Tally, answered: Callable[["Caller"], None]) -> None:
        self._requests, self._tally, self._answered = requests, tally, answered
        self._write: Callable[[bytes], None]
        self.lost = False
        self._began = 0.0
        self._awaited = 0
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._write = cast(asyncio.Transport, transport).write  # uvloop's is none by its classes

    def connection_lost(self, error: Exception | None) -> None:
        self.lost = True

    def send(self, began: float) -> bool:
        """False when there is nothing more to ask."""
        request = next(self._requests, None)
        if request is None:
            return False
        self._began = began
        self._write(request)
        return True

    def data_received(self, data: bytes) -> None:
        self._buffer = buffer = self._buffer + data if self._buffer else data
        if not self._awaited:
            end = buffer.find(_END)
            if end < 0:
                return
            at = buffer.index(_LENGTH) + len(_LENGTH)
            self._awaited = end + len(_END) + int(buffer[at : buffer.index(b"\r", at)])
        if len(buffer) >= self._awaited:
            self._settle(buffer)

    def _settle(self, answer: bytes) -> None:
        self._buffer, self._awaited = b"", 0
        if answer.startswith(b"HTTP/1.1 20"):
            self._tally.latencies.append(time.perf_counter() - self._began)
        else:
            self._tally.refused.append(answer[:200].decode("latin-1"))
        self._answered(self)


async def as_fast_as_answered(requests: Iterator[bytes], port: int, callers: int, seconds: float) -> bytes:
    loop, tally = asyncio.get_running_loop(), Tally()
    done = loop.create_future()
    began, under_way = time.perf_counter(), callers

    def answered(caller: Caller) -> None:
        nonlocal under_way
        now = time.perf_counter()
        if now - began < seconds and caller.send(now):
            return
        under_way -= 1
        if not under_way:
            done.set_result(None)

    connected = [await _connect(loop, port, requests, tally, answered) for _ in range(callers)]
    began = time.perf_counter()
    for caller in connected:
        if not caller.send(began):
            raise ValueError("fewer requests than callers")
    await done
    return tally.report(time.perf_counter() - began)


async def at_a_rate(requests: Iterator[bytes], port: int, callers: int, seconds: float, per_second: float) -> bytes:
    loop, tally = asyncio.get_running_loop(), Tally()
    idle: deque[Caller] = deque()
    due: deque[float] = deque()

    def answered(caller: Caller) -> None:
        if due:
            caller.send(due.popleft())
        else:
            idle.append(caller)

    idle.extend([await _connect(loop, port, requests, tally, answered) for _ in range(callers)])
    began, count = time.perf_counter(), int(seconds * per_second)
    for number in range(count):
        at = began + number / per_second
        await asyncio.sleep(at - time.perf_counter())
        due.append(at)
        if idle:
            caller = idle.popleft()
            if caller.lost:  # the server ends connections that were idle for some seconds
                caller = await _connect(loop, port, requests, tally, answered)
            caller.send(due.popleft())
    while len(tally.latencies) + len(tally.refused) < count:
        await asyncio.sleep(0.01)
    return tally.report(time.perf_counter() - began)


async def _connect(
    loop: asyncio.AbstractEventLoop,
    port: int,
    requests: Iterator[bytes],
    tally: Tally,
    answered: Callable[[Caller], None],
) -> Caller:
    _, caller = await loop.create_connection(lambda: Caller(requests, tally, answered), "127.0.0.1", port)
    return caller


def _request(method: str, path: str, body: bytes) -> bytes:
    kind = f"content-type: application/json\r\ncontent-length: {len(body)}\r\n" if body else ""
    return f"{method} {path} HTTP/1.1\r\nhost: bench\r\n{kind}\r\n".encode() + body


def _requests(method: str, path: str, body: bytes, first: int, end: int) -> Iterator[bytes]:
    if "{n}" not in path:
        return itertools.repeat(_request(method, path, body))
    return (_request(method, path.replace("{n}", str(number)), body) for number in range(first, end))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.load")
    for name, kind in (("port", int), ("method", str), ("path", str), ("callers", int), ("seconds", float)):
        parser.add_argument(name, type=kind)
    parser.add_argument("--rate", type=float)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--end", type=int, default=sys.maxsize)
    given = parser.parse_args()
    requests = _requests(given.method, given.path, sys.stdin.buffer.read(), given.first, given.end)
    if given.rate is None:
        report = uvloop.run(as_fast_as_answered(requests, given.port, given.callers, given.seconds))
    else:
        report = uvloop.run(at_a_rate(requests, given.port, given.callers, given.seconds, given.rate))
    sys.stdout.buffer.write(report)


if __name__ == "__main__":
    main()
