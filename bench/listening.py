"""Clients of the web socket, in a process of their own: `python -m bench.listening PORT PRODUCT COUNT`.

For each broadcast whose message is a time of the machine's monotonic clock, it writes on stdout how many milliseconds
later the first and the last client had it.
"""

import asyncio
import os
import sys
import time
from base64 import b64encode
from collections.abc import Callable

import orjson
import uvloop

_END = b"\r\n\r\n"
_AT_ONCE = 50


class Arrivals:
    """Who has had which message. `tell` gets the first's and the last's delay once all have it."""

    def __init__(self, clients: int, tell: Callable[[float, float], None]) -> None:
        self._clients, self._tell = clients, tell
        self._had: dict[bytes, tuple[int, float]] = {}

    def arrived(self, message: bytes) -> None:
        now = time.monotonic()
        count, first = self._had.get(message, (0, now))
        self._had[message] = (count + 1, first)
        if count + 1 < self._clients:
            return
        del self._had[message]
        envelope = orjson.loads(message)
        if envelope["type"] == "system.broadcast":
            sent = float(envelope["data"]["message"])
            self._tell(1000 * (first - sent), 1000 * (now - sent))


class Client(asyncio.Protocol):
    """One web socket that only listens. The server's frames are whole, and shorter than 64 KiB (RFC 6455, 5.2)."""

    def __init__(self, request: bytes, opened: "asyncio.Future[None]", arrivals: Arrivals) -> None:
        self._request, self._opened, self._arrivals = request, opened, arrivals
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.write(self._request)  # type: ignore[attr-defined]  # uvloop's is none by its classes

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._opened.done():
            head, found, rest = self._buffer.partition(_END)
            if not found:
                return
            if not head.startswith(b"HTTP/1.1 101"):
                raise RuntimeError(head[:200].decode("latin-1"))
            self._buffer = rest
            self._opened.set_result(None)
        while (frame := self._frame()) is not None:
            self._arrivals.arrived(frame)

    def _frame(self) -> bytes | None:
        buffer = self._buffer
        if len(buffer) < 4:
            return None
        start, length = 2, buffer[1]
        if length == 126:
            start, length = 4, int.from_bytes(buffer[2:4], "big")
        if len(buffer) < start + length:
            return None
        self._buffer = buffer[start + length :]
        return buffer[start : start + length]


def _request(path: str) -> bytes:
    key = b64encode(os.urandom(16)).decode()
    head = f"GET {path} HTTP/1.1\r\nhost: bench\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
    return f"{head}sec-websocket-key: {key}\r\nsec-websocket-version: 13\r\n\r\n".encode()


async def main(port: int, product: str, count: int) -> None:
    loop, limit = asyncio.get_running_loop(), asyncio.Semaphore(_AT_ONCE)
    arrivals = Arrivals(count, lambda first, last: print(f"{first:.2f} {last:.2f}", flush=True))

    async def connect() -> None:
        opened = loop.create_future()
        async with limit:
            await loop.create_connection(
                lambda: Client(_request(f"/{product}/api/v1/ws"), opened, arrivals), "127.0.0.1", port
            )
            await opened

    await asyncio.gather(*(connect() for _ in range(count)))
    print("ready", flush=True)
    await loop.create_future()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
