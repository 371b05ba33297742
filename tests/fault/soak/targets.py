"""What faults happen to: processes, a broker, sessions; and a run that carries a schedule out."""

import asyncio
import os
import random
import signal
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import asyncpg

from infra.database_errors import DATABASE_ERRORS
from infra.kafka.broker import Broker
from tests.fault.processes.program import Program
from tests.fault.soak.schedule import Fault, Kind

_SESSIONS = """
select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
 order by backend_start"""
_END = "select pg_terminate_backend(pid) from unnest($1::int[]) pid"


class Target(Protocol):
    kinds: Sequence[Kind]

    async def begin(self, kind: Kind) -> None: ...
    async def end(self, kind: Kind) -> None: ...


# A role whose database is away when it starts says so and ends; whoever runs the role starts it again.
_AWAY_AT_START = (
    "the database went away during the start",
    "DATABASE_URL does not answer as it should",
    "The embedded PostgreSQL does not answer as it should",
    "the embedded PostgreSQL ended at start",
)
_LOOK_SECONDS = 0.5


@dataclass
class Process:
    """One role. `deaths` are ends that nobody brought about."""

    program: Program
    kinds: Sequence[Kind] = (Kind.KILL, Kind.FREEZE)
    deaths: list[str] = field(default_factory=list)

    async def begin(self, kind: Kind) -> None:
        await self.revive()
        if kind is Kind.KILL:
            await self.program.kill()
        else:
            self.program.freeze()

    async def end(self, kind: Kind) -> None:
        if kind is Kind.KILL:
            await self.program.start()
        else:
            self.program.thaw()

    async def revive(self) -> None:
        if (status := self.program.ended_by_itself) is not None:
            _, _, said = self.program.log.rpartition("jobstream: ")
            if not said.startswith(_AWAY_AT_START) or "Traceback" in said:
                self.deaths.append(f"{self.program.role} ended with status {status}:\n{self.program.log[-3000:]}")
            await self.program.start()


@dataclass
class Kafka:
    broker: Broker
    kinds: Sequence[Kind] = (Kind.KILL, Kind.FREEZE)

    async def begin(self, kind: Kind) -> None:
        if kind is Kind.KILL:
            await self.broker.kill()
        else:
            self._signal(signal.SIGSTOP)

    async def end(self, kind: Kind) -> None:
        if kind is Kind.KILL:
            await self.broker.start(120)
        else:
            self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self.broker._process is not None
        os.kill(self.broker._process.pid, number)


@dataclass
class Postgres:
    """The server that works in this folder, which whoever runs it starts again."""

    data: Path
    kinds: Sequence[Kind] = (Kind.KILL,)

    async def begin(self, kind: Kind) -> None:
        with suppress(FileNotFoundError, ProcessLookupError):
            os.kill(int((self.data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)

    async def end(self, kind: Kind) -> None:
        return None


@dataclass
class Sessions:
    """Half of the sessions in PostgreSQL, ended by the server: locks go, whether their holders know it or not."""

    dsn: str
    chance: random.Random
    kinds: Sequence[Kind] = (Kind.CUT,)

    async def begin(self, kind: Kind) -> None:
        with suppress(*DATABASE_ERRORS):  # the server is gone, and its sessions with it
            connection = await asyncpg.connect(self.dsn)
            pids = [row["pid"] for row in await connection.fetch(_SESSIONS)]
            await connection.execute(_END, self.chance.sample(pids, len(pids) // 2))
            await connection.close()

    async def end(self, kind: Kind) -> None:
        return None


@dataclass
class Disturbance:
    """Carries faults out, several at a time, but one at a time to each target."""

    targets: Mapping[str, Target]
    faults: Sequence[Fault]
    tell: Callable[[str], None]
    done: Counter[str] = field(default_factory=Counter)
    _turns: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    async def run(self) -> None:
        """All of it; afterwards every process runs."""
        watching = asyncio.create_task(self._watch())
        try:
            await self._carry_all_out()
        finally:
            watching.cancel()
        await self._revive()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            await self._revive()

    async def _revive(self) -> None:
        for name, target in self.targets.items():
            if isinstance(target, Process) and not self._turns[name].locked():
                async with self._turns[name]:
                    await target.revive()

    async def _carry_all_out(self) -> None:
        async with asyncio.TaskGroup() as under_way:
            for number, fault in enumerate(self.faults, 1):
                await asyncio.sleep(fault.after)
                self.tell(f"{number:3}/{len(self.faults)}  {fault}")
                under_way.create_task(self._carry_out(fault))

    async def _carry_out(self, fault: Fault) -> None:
        target = self.targets[fault.target]
        async with self._turns[fault.target]:
            await target.begin(fault.kind)
            try:
                await asyncio.sleep(fault.lasts)
            finally:
                await target.end(fault.kind)
            self.done[f"{fault.kind} {fault.target}"] += 1
