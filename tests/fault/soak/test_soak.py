"""Long runs under load while processes are killed and frozen at random moments: `SEED=… FAULTS=… make soak`."""

import asyncio
import os
import random
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import httpx
import pytest

from infra.embedded_postgres import EmbeddedPostgres
from infra.kafka.broker import Broker
from infra.pos.simulator import build
from streams import topics
from tests.fault import proof
from tests.fault.processes.load import Load, load
from tests.fault.processes.program import program
from tests.fault.soak.schedule import Kind, schedule
from tests.fault.soak.seekers import Seekers, assert_each_once, seeking
from tests.fault.soak.targets import Disturbance, Kafka, Postgres, Process, Sessions, Target
from tests.integration.pos.conftest import Simulator, served

FAULTS = int(os.environ.get("FAULTS", "200"))
SEED = int(os.environ.get("SEED", secrets.randbelow(1_000_000)))
ROLES = ("relay", "relay", "projector", "projector", "agents", "agents", "api")
RECEIVERS = ("mock", "servicetitan")
CLIENT_PAUSE_SECONDS = 0.3

Tell = Callable[[str], None]

pytestmark = pytest.mark.usefixtures("as_hasty")


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[str]:
    """PostgreSQL, started again whenever it is killed."""
    server = EmbeddedPostgres(tmp_path / "postgres")
    dsn = await server.start()
    keeping = asyncio.create_task(server.keep_running())
    yield dsn
    keeping.cancel()
    with suppress(asyncio.CancelledError):
        await keeping
    await server.stop()


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with served(build()) as url, httpx.AsyncClient(base_url=url, trust_env=False) as control:
        yield Simulator(url, control)


@pytest.fixture
def tell() -> Tell:
    """Says how far the run is."""
    began = time.monotonic()
    print(f"\nSEED={SEED} FAULTS={FAULTS}", flush=True)
    return lambda line: print(f"{time.monotonic() - began:6.0f} s  {line}", flush=True)


async def disturbed(targets: Mapping[str, Target], posted: Load, seekers: Seekers, faults: int, tell: Tell) -> None:
    """Carry out a schedule; then let all processes stand and all work come to its end."""

    def progress(line: str) -> None:
        broken = posted.broken.total() + seekers.broken.total()
        refused = len(posted.refused) + len(seekers.refused)
        done = f"{len(posted.acknowledged)} jobs, {len(seekers.applied)} applications"
        tell(f"{line:36}  {done}, {broken} broken, {refused} refused")

    kinds = {name: target.kinds for name, target in targets.items()}
    disturbance = Disturbance(targets, schedule(SEED, faults, kinds), progress)
    await disturbance.run()
    assert disturbance.done.total() == faults
    processes = [target for target in targets.values() if isinstance(target, Process)]
    await posted.finish()
    await seekers.finish()
    deaths = [death for each in processes for death in each.deaths]
    assert not deaths, "\n".join(deaths)
    assert {answer.status_code for answer in (*posted.refused, *seekers.refused)} <= {503}


@pytest.mark.soak
async def test_the_distributed_system_loses_nothing_and_does_nothing_twice(
    server: str, own_broker: Broker, simulator: Simulator, tmp_path: Path, tell: Tell
) -> None:
    kafka = own_broker.bootstrap
    await topics.apply(kafka, "")
    async with AsyncExitStack() as stack:
        targets: dict[str, Target] = {}
        for number, role in enumerate(ROLES):
            name = f"{role}-{ROLES[: number + 1].count(role)}"
            (tmp_path / name).mkdir()
            given = {"DATABASE_URL": server, "KAFKA_BOOTSTRAP_SERVERS": kafka}
            given |= {"KAFKA_INSTANCE_ID": name, "SERVICETITAN_URL": simulator.url}
            targets[name] = Process(await stack.enter_async_context(program(role, tmp_path / name, **given)))
        api = targets["api-1"]
        assert isinstance(api, Process)
        await api.program.ready()
        targets |= {"broker": Kafka(own_broker), "sessions": Sessions(server, random.Random(SEED))}
        targets["postgresql"] = Postgres(tmp_path / "postgres" / "data")
        async with (
            load(api.program.url, RECEIVERS, CLIENT_PAUSE_SECONDS) as posted,
            seeking(api.program.root, CLIENT_PAUSE_SECONDS) as seekers,
        ):
            await disturbed(targets, posted, seekers, FAULTS, tell)
        await proof.settled(server)
        events = await proof.assert_log_sound(server, posted.acknowledged.values())
        tell(f"{events} events, none lost, none twice, each stream in order")
        tell(f"{await proof.assert_once_at_the_providers(server, simulator)} jobs at the providers, none twice")
        tell(f"{await assert_each_once(server, seekers.applied)} applications, each with its follow-ups, none twice")
        for line in await proof.assert_verified(tmp_path, DATABASE_URL=server, KAFKA_BOOTSTRAP_SERVERS=kafka):
            tell(line)
        for target in targets.values():
            if isinstance(target, Process):
                assert await target.program.stop() == 0, target.program.log[-3000:]


@pytest.mark.soak
async def test_serve_loses_nothing_and_does_nothing_twice(simulator: Simulator, tmp_path: Path, tell: Tell) -> None:
    async with program("serve", tmp_path, SERVICETITAN_URL=simulator.url) as serve:
        await serve.ready()
        targets: dict[str, Target] = {
            "serve": Process(serve),
            "postgresql": Postgres(tmp_path / "state" / "postgres" / "data"),
        }
        async with (
            load(serve.url, RECEIVERS, CLIENT_PAUSE_SECONDS) as posted,
            seeking(serve.root, CLIENT_PAUSE_SECONDS) as seekers,
        ):
            await disturbed(targets, posted, seekers, max(1, FAULTS // 4), tell)
        dsn = EmbeddedPostgres(tmp_path / "state" / "postgres").running_elsewhere()
        assert dsn is not None
        await proof.settled(dsn)
        events = await proof.assert_log_sound(dsn, posted.acknowledged.values())
        tell(f"{events} events, none lost, none twice, each stream in order")
        tell(f"{await proof.assert_once_at_the_providers(dsn, simulator)} jobs at the providers, none twice")
        tell(f"{await assert_each_once(dsn, seekers.applied)} applications, each with its follow-ups, none twice")
        for line in await proof.assert_verified(tmp_path):
            tell(line)
        assert await serve.stop() == 0, serve.log[-3000:]


def test_a_seed_gives_the_same_schedule_again() -> None:
    kinds = {"one": (Kind.KILL, Kind.FREEZE), "other": (Kind.CUT,)}
    assert schedule(7, 50, kinds) == schedule(7, 50, kinds) != schedule(8, 50, kinds)
