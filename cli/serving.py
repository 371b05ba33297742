"""Runs a role until it is told to stop: SIGINT and SIGTERM end it in order, with exit status 0."""

import asyncio
import contextlib
import resource
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator

import uvicorn
from starlette.types import ASGIApp

from cli.processor_time import spare_collections
from infra import logging, telemetry
from infra.settings import BadSettings, Settings

GRACE_SECONDS = 10
WEB_SOCKET_MESSAGE = 16 * 1024  # bytes that a client may send at once; more closes the connection: 1009
WEB_SOCKET_PING_SECONDS = 20.0
STUCK_SECONDS = 60


class Server(uvicorn.Server):
    """uvicorn, without raising the signal again after serving: that would skip whatever is still to be closed."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def stop(self) -> None:
        self.should_exit = True


@contextlib.asynccontextmanager
async def stopping() -> AsyncIterator[asyncio.Event]:
    """An event that is set by the first SIGINT or SIGTERM. The second signal ends the process the hard way."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def told(number: signal.Signals) -> None:
        stop.set()
        loop.remove_signal_handler(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told, number)
    try:
        yield stop
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


async def serve_http(app: ASGIApp, host: str, port: int, stop: asyncio.Event, ready: Callable[[], None]) -> None:
    """Serve until `stop`, then finish the requests that are under way. `ready` is called once connections are taken.

    Raises `BadSettings` when the address cannot be had.
    """
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=GRACE_SECONDS,
        server_header=False,
        ws="websockets-sansio",
        ws_max_size=WEB_SOCKET_MESSAGE,
        # A client that answers no ping for as long is gone: 1011.
        ws_ping_interval=WEB_SOCKET_PING_SECONDS,
        ws_ping_timeout=WEB_SOCKET_PING_SECONDS,
        # Messages are small and many: compressing them costs each connection memory, and each message time.
        ws_per_message_deflate=False,
    )
    server = Server(config)
    serving = asyncio.create_task(server.serve(sockets=[_listening(host, port)]))
    stopped = asyncio.create_task(stop.wait())
    while not server.started and not serving.done():  # noqa: ASYNC110 (uvicorn offers no event)
        await asyncio.sleep(0.005)
    if server.started:
        spare_collections()
        ready()
    await asyncio.wait({serving, stopped}, return_when=asyncio.FIRST_COMPLETED)
    server.stop()
    await serving
    stopped.cancel()


def _listening(host: str, port: int) -> socket.socket:
    # Not left to uvicorn, which ends the process when it fails, past everything that is still to be closed.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise BadSettings(f"{host}:{port} cannot be served on: {error.strerror}; set another HOST or PORT") from None
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        # Inherited by what it accepts. Closing a connection waits for what is still to be sent, and a client that
        # stopped reading would have that wait, and the connection's memory, last for ever.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STUCK_SECONDS * 1000)
    return listening


def allow_connections() -> None:
    """As many open files as the system lets us have: its usual limit for a start, 1,024, is a thousand web sockets."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # macOS calls it infinite, and takes less
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def prepare(settings: Settings, role: str) -> None:
    """Logging and tracing of a role, and the files that it may open."""
    allow_connections()
    logging.configure(settings)
    telemetry.configure(f"jobstream-{role}", settings.otel_exporter_otlp_endpoint)


def run(main: Callable[[], object]) -> None:
    """Run a role's coroutine on the fastest loop there is."""
    try:
        import uvloop
    except ImportError:
        asyncio.run(main())  # type: ignore[arg-type]
    else:
        uvloop.run(main())  # type: ignore[arg-type]
