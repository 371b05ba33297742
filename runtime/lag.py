"""Who is how far behind the log: every read model, every agent, and the relay."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from infra.leadership import held
from projections.checkpoints import Checkpoint, checkpoints
from runtime.parts import agents
from runtime.system import READ_MODELS, System
from streams.agent import Agent
from streams.lag import AgentProgress, Waiting, log_end, waiting_after
from streams.parking import parked

_KAFKA_SECONDS = 10.0
_NOBODY = "no process runs it"
_NAMES = {model.schema: model.name for model in READ_MODELS}


class Kind(StrEnum):
    READ_MODEL = "read model"
    AGENT = "agent"
    RELAY = "relay"


@dataclass(frozen=True, slots=True)
class Lag:
    """How far one reader is behind: the events that it has not passed, and how long the oldest of them has waited.

    `error` says why it goes no further, or what it left aside. `feed` is where an agent gets its events from. `events`
    and `seconds` are None where they cannot be told.
    """

    kind: Kind
    name: str
    feed: str | None
    events: int | None
    seconds: float | None
    oldest: Waiting | None
    error: str | None


class Lags:
    """Looks, as often as asked."""

    def __init__(self, system: System) -> None:
        self._system, self._pool = system, system.database.pool
        self._agents = agents(system)
        self._progress = AgentProgress(self._pool)

    async def look(self) -> list[Lag]:
        """Every read model, agent and, where Kafka is set, the relay. Raises what asyncpg raises."""
        groups = await self._groups()
        found = [await self._read_model(each) for each in await checkpoints(self._pool, READ_MODELS)]
        waiting = await parked(self._pool)
        found += [await self._agent(agent, groups, waiting.get(agent.name, 0)) for agent in self._agents]
        if self._system.settings.kafka_bootstrap_servers is not None:
            found.append(await self._relay(self._system.settings.kafka_bootstrap_servers))
        return found

    async def agents(self) -> list[Lag]:
        """Every agent, by the database alone."""
        return [await self._agent(agent, {}, 0) for agent in self._agents]

    async def _agent(self, agent: Agent, groups: Mapping[str, bool], parked: int) -> Lag:
        progress = await self._progress.of(agent.name, agent.contexts, groups.get(agent.name))
        remarks = [_NOBODY] if progress.running is False else []
        if parked:
            remarks.append(f"{parked} parked: see jobstream dlq list")
        error = "; ".join(remarks) or None
        return await self._measured(Kind.AGENT, agent.name, progress.feed, progress.waiting, error)

    async def _read_model(self, checkpoint: Checkpoint) -> Lag:
        waiting = await waiting_after(self._pool, checkpoint.position)
        error = checkpoint.error or (None if checkpoint.projected else _NOBODY)
        return await self._measured(Kind.READ_MODEL, _NAMES[checkpoint.model], None, waiting, error)

    async def _relay(self, bootstrap: str) -> Lag:
        from aiokafka.errors import KafkaError

        from streams.kafka_lag import relayed
        from streams.relay import lead_name

        prefix = self._system.settings.kafka_topic_prefix
        try:
            async with asyncio.timeout(_KAFKA_SECONDS):
                position = await relayed(bootstrap, prefix)
        except (KafkaError, TimeoutError) as away:
            return Lag(Kind.RELAY, "relay", None, None, None, None, f"Kafka does not answer: {type(away).__name__}")
        name = lead_name(prefix)
        error = None if name in await held(self._pool, [name]) else _NOBODY
        return await self._measured(Kind.RELAY, "relay", None, await waiting_after(self._pool, position), error)

    async def _groups(self) -> dict[str, bool]:
        """Whether each agent's consumer group has members; nothing where Kafka is not asked, or does not answer."""
        settings = self._system.settings
        if settings.kafka_bootstrap_servers is None:
            return {}
        from aiokafka.errors import KafkaError

        from streams.kafka_lag import members

        names = {f"{settings.kafka_topic_prefix}{agent.name}": agent.name for agent in self._agents}
        try:
            async with asyncio.timeout(_KAFKA_SECONDS):
                found = await members(settings.kafka_bootstrap_servers, list(names))
        except (KafkaError, TimeoutError):
            return {}
        return {names[group]: any_ for group, any_ in found.items()}

    async def _measured(
        self, kind: Kind, name: str, feed: str | None, waiting: Waiting | None, error: str | None
    ) -> Lag:
        if waiting is None:
            return Lag(kind, name, feed, 0, 0.0, None, error)
        log = await log_end(self._pool)
        seconds = max(0.0, (log.now - waiting.recorded_at).total_seconds())
        return Lag(kind, name, feed, log.head - waiting.position + 1, seconds, waiting, error)
