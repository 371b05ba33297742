"""Clients that leave, come back, read slowly, or change to another process: nothing is lost, nothing comes twice."""

import asyncio
import gc
import random
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from api.live import hub
from commands.bus import Envelope
from commands.notifications import Announce
from domain.notifications.channels import Channel, Severity
from projections.live_updates import fold
from runtime.system import System, open_system
from tests.running import Running, running, settings_for, until
from tests.web_sockets import SECONDS, Device, Site, site

OPERATOR = Envelope("operator", UUID(int=1), "test", any_owner=True)


async def announce(system: System, message: str) -> int:
    """The position of the announcement."""
    outcome = await system.bus.send(Announce(message, Channel.SYSTEM, Severity.INFO), OPERATOR)
    return outcome.last


async def texts(device: Device, count: int) -> list[str]:
    return [(await device.next())["data"]["message"] for _ in range(count)]


@pytest.fixture
async def alone(database: str, tmp_path: Path) -> AsyncIterator[Running]:
    async with running(database, tmp_path, agents=False, timers=False) as started:
        yield started


async def test_a_client_that_keeps_leaving_gets_everything_once_and_in_order(system: Running, here: Site) -> None:
    count, chance = 200, random.Random(7)
    position = await announce(system.system, "the beginning")

    async def speak() -> None:
        for number in range(count):
            await announce(system.system, str(number))

    speaking = asyncio.create_task(speak())
    heard: list[str] = []
    while len(heard) < count:
        async with here.device(f"last_position={position}") as device:
            for _ in range(min(chance.randint(1, 30), count - len(heard))):
                message = await device.next()
                position = message["position"]
                heard.append(message["data"]["message"])
    await speaking
    assert heard == [str(number) for number in range(count)]


@asynccontextmanager
async def other_process(started: Running) -> AsyncIterator[Site]:
    """Another API process over the same database, which projects nothing."""
    settings = started.system.settings
    dsn = started.system.database.dsn
    async with open_system(settings_for(dsn, settings.jobstream_home), dsn) as system, site(system) as there:
        yield there


async def test_two_processes_tell_the_same_and_a_client_changes_between_them(system: Running, here: Site) -> None:
    async with other_process(system) as there:
        async with here.device("user_id=ann") as one, there.device("user_id=ann") as two:
            for number in range(5):
                await (here, there)[number % 2].broadcast(str(number))
            first = [await one.next() for _ in range(5)]
            assert first == [await two.next() for _ in range(5)]
            assert [message["data"]["message"] for message in first] == list("01234")
        async with here.device(f"last_position={first[2]['position']}") as device:
            assert await texts(device, 2) == ["3", "4"]
        async with there.device(f"last_position={first[0]['position']}") as device:
            assert await texts(device, 4) == ["1", "2", "3", "4"]


async def test_who_is_connected_is_counted_over_all_processes(system: Running, here: Site) -> None:
    await here.empty()
    async with (
        other_process(system) as there,
        here.device("user_id=ann&channels=skills"),
        there.device("user_id=ann&channels=skills"),
        there.device("user_id=bob&channels=jobs") as bob,
    ):

        async def all_known() -> bool:
            found = (await here.http.get("/connections")).json()
            return bool(found["total_connections"] == 3 and found["unique_users"] == 2)

        await until(all_known, SECONDS)
        assert (await here.broadcast("hello", channel="skills"))["recipients"] == 2
        assert (await here.broadcast("hello all"))["recipients"] == 3
        assert (await bob.next())["data"]["message"] == "hello all"

        async def known_elsewhere() -> bool:
            answer = await bob.ask(action="subscribe", channel="skills")
            return bool(answer["data"]["subscriber_count"] == 3)

        await until(known_elsewhere, SECONDS)


async def narrow_socket(address: str) -> socket.socket:
    """A connection whose own end takes little before it is read."""
    narrow = socket.socket()
    narrow.setblocking(False)
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    host, _, port = address.partition(":")
    await asyncio.get_running_loop().sock_connect(narrow, (host, int(port)))
    return narrow


def buffered() -> int:
    """The bytes that this process's servers have yet to send over web sockets."""
    sockets = [one for one in gc.get_objects() if type(one) is WebSocketsSansIOProtocol]
    return sum(one.transport.get_write_buffer_size() for one in sockets if not one.transport.is_closing())


async def test_a_client_that_does_not_read_holds_nobody_up_and_gets_everything_later(
    system: Running, here: Site
) -> None:
    count, long = 2_000, "x" * 4_000
    narrow = await narrow_socket(here.address)
    async with here.device("user_id=slow", sock=narrow, max_queue=1) as slow, here.device("user_id=fast") as fast:
        for start in range(0, count, 100):
            await asyncio.gather(*(announce(system.system, f"{start}{long}") for _ in range(100)))
            assert await texts(fast, 100) == [f"{start}{long}"] * 100
        # What is under way to the client is the kernel's and the transport's, which takes 64 KiB and a message.
        assert 0 < buffered() < 200_000
        assert await texts(slow, count) == [f"{start}{long}" for start in range(0, count, 100) for _ in range(100)]


async def test_a_burst_larger_than_the_window_comes_complete_and_in_order(
    system: Running, here: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "WINDOW", 3)
    monkeypatch.setattr(hub, "PAGE", 7)
    async with here.device() as one, here.device() as two:
        told = {await announce(system.system, str(number)): str(number) for number in range(60)}
        expected = [told[position] for position in sorted(told)]
        assert await texts(one, 60) == await texts(two, 60) == expected


async def test_a_client_that_was_away_too_long_is_told_so_and_gets_what_is_kept(
    alone: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fold, "KEPT", 10)
    positions = [await announce(alone.system, str(number)) for number in range(30)]
    assert await alone.system.positions.reached([fold.live_updates], positions[-1], SECONDS)
    async with site(alone.system) as here, here.device(f"last_position={positions[3]}") as device:
        missed = await device.next()
        assert missed["type"] == "system.missed"
        assert missed["position"] == positions[-1] - 10
        assert await texts(device, 10) == [str(number) for number in range(20, 30)]


async def test_lost_database_connections_lose_and_repeat_nothing(alone: Running) -> None:
    async with site(alone.system) as here, here.device() as device:
        told = []
        for round in range(3):
            admin = await asyncpg.connect(alone.system.database.dsn)
            await admin.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )
            await admin.close()
            for number in range(5):
                told.append(f"{round}.{number}")
                await announce(alone.system, told[-1])
        assert await texts(device, len(told)) == told


async def test_a_server_that_stops_tells_its_clients_to_come_again(alone: Running) -> None:
    async with AsyncExitStack() as devices:
        async with site(alone.system) as here:
            device = await devices.enter_async_context(here.device())
        assert await device.closed() == 1012
