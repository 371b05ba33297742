"""What TradeEngage's health routes ask."""

import asyncio
from collections.abc import Mapping
from typing import Any

from api.health import Check, Component, Readiness, Status
from api.rate_limit import Counter
from infra import store_proof
from runtime.system import READ_MODELS, System

WORST: tuple[Status, ...] = ("unhealthy", "degraded", "healthy")


def checks(system: System, counter: Counter) -> Mapping[str, Check]:
    """Database with our read models in it, the counter of the rate limits (Redis, or memory), and the providers."""

    async def database() -> Component:
        proof = await store_proof.proof(system.database.pool)
        if not proof.takes_events:
            return Component("degraded", {"event_store": "takes no commands, see the log"})
        stopped = sorted(model.name for model in READ_MODELS if system.positions.stopped(model))
        # Only then, so that a healthy answer is the documented one; how far each has come is in /metrics.
        return Component("degraded", {"stopped_read_models": stopped}) if stopped else Component()

    async def redis() -> Component:
        await counter.check()
        return Component()

    async def external_apis() -> Component:
        found = {name: await provider.health() for name, provider in sorted(system.providers.items())}
        worst = next(status for status in WORST if status in {*found.values(), "healthy"})
        return Component(worst, {"providers": found}, timed=False)

    found: dict[str, Check] = {"database": database, "redis": redis, "external_apis": external_apis}
    if brokers := system.settings.kafka_bootstrap_servers:
        found["kafka"] = lambda: _kafka(brokers)
    return found


async def _kafka(brokers: str) -> Component:
    """Whether a broker takes connections; commands go on without any, and what they cause waits."""
    for broker in brokers.split(","):
        host, _, port = broker.rpartition(":")
        try:
            _, writer = await asyncio.open_connection(host, int(port))
        except OSError:
            continue
        writer.close()
        return Component()
    return Component("degraded", {"error": "no broker takes connections"})


def readiness(system: System, head: int) -> Readiness:
    """Ready when the read models have folded what was there when the process started."""

    async def missing() -> Mapping[str, Any]:
        behind = sorted(model.name for model in READ_MODELS if system.positions.of(model) < head)
        return {"waiting_for": behind} if behind else {}

    return missing
