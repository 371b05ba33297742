"""The load generator, a process of its own: `python -m bench.load PORT PATH CALLERS SECONDS [PER_SECOND]`.

It posts the body that comes on stdin.
Every caller keeps one connection and sends the same bytes again. Without PER_SECOND each sends as soon as it has its
answer; with it, requests go out at their times whatever becomes of the earlier ones, and a request's latency counts
from its time, so that a stall of the server is not hidden by the requests it kept from being sent.
"""

import asyncio
import sys
import time
from collections import deque
from collections.abc import Callable
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
    """One connection. `answered` is called after each answer; it may call `send` at once."""

    def __init__(self, request: bytes, tally: Tally, answered: Callable[["Caller"], None]) -> None:
        self._request, self._tally, self._answered = request, tally, answered
        self._write: Callable[[bytes], None]
        self._began = 0.0
        self._awaited = 0
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._write = cast(asyncio.Transport, transport).write  # uvloop's is none by its classes

    def send(self, began: float) -> None:
        self._began = began
        self._write(self._request)

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
        if answer.startswith(b"HTTP/1.1 201"):
            self._tally.latencies.append(time.perf_counter() - self._began)
        else:
            self._tally.refused.append(answer[:200].decode("latin-1"))
        self._answered(self)


async def as_fast_as_answered(request: bytes, port: int, callers: int, seconds: float) -> bytes:
    loop, tally = asyncio.get_running_loop(), Tally()
    done = loop.create_future()
    began, under_way = time.perf_counter(), callers

    def answered(caller: Caller) -> None:
        nonlocal under_way
        now = time.perf_counter()
        if now - began < seconds:
            caller.send(now)
            return
        under_way -= 1
        if not under_way:
            done.set_result(None)

    connected = [await _connect(loop, port, request, tally, answered) for _ in range(callers)]
    began = time.perf_counter()
    for caller in connected:
        caller.send(began)
    await done
    return tally.report(time.perf_counter() - began)


async def at_a_rate(request: bytes, port: int, callers: int, seconds: float, per_second: float) -> bytes:
    loop, tally = asyncio.get_running_loop(), Tally()
    idle: deque[Caller] = deque()
    due: deque[float] = deque()

    def answered(caller: Caller) -> None:
        if due:
            caller.send(due.popleft())
        else:
            idle.append(caller)

    idle.extend([await _connect(loop, port, request, tally, answered) for _ in range(callers)])
    began, count = time.perf_counter(), int(seconds * per_second)
    for number in range(count):
        at = began + number / per_second
        await asyncio.sleep(at - time.perf_counter())
        due.append(at)
        if idle:
            idle.popleft().send(due.popleft())
    while len(tally.latencies) + len(tally.refused) < count:
        await asyncio.sleep(0.01)
    return tally.report(time.perf_counter() - began)


async def _connect(
    loop: asyncio.AbstractEventLoop, port: int, request: bytes, tally: Tally, answered: Callable[[Caller], None]
) -> Caller:
    _, caller = await loop.create_connection(lambda: Caller(request, tally, answered), "127.0.0.1", port)
    return caller


def _request(path: str, body: bytes) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def main() -> None:
    port, path, callers, seconds, *rate = sys.argv[1:]
    request = _request(path, sys.stdin.buffer.read())
    given = (request, int(port), int(callers), float(seconds))
    report = uvloop.run(at_a_rate(*given, float(rate[0])) if rate else as_fast_as_answered(*given))
    sys.stdout.buffer.write(report)


if __name__ == "__main__":
    main()
