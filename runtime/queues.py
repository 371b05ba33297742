"""How much waits where: what the gauges of /metrics show, asked for at each scrape."""

from infra import telemetry
from projections.deadlines.queries import DueDeadlines
from runtime.lag import Lags
from runtime.system import READ_MODELS, System
from streams.lag import log_end, waiting_after
from streams.parking import parked


class Queues:
    """Measures the queues and lags of one process's system."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._lags = Lags(system)

    async def measure(self) -> None:
        """Set the gauges. Raises what asyncpg raises while the database is away."""
        await self._read_models()
        dead = await parked(self._system.database.pool)
        for lag in await self._lags.agents():
            telemetry.AGENT_LAG.labels(lag.name).set(lag.events or 0)
            telemetry.AGENT_WAIT.labels(lag.name).set(lag.seconds or 0.0)
            telemetry.DEAD_LETTERS.labels(lag.name).set(dead.get(lag.name, 0))
        due = await DueDeadlines(self._system.database.pool).waiting(self._system.clock.now())
        for queue, depth in (
            ("append_lane", self._system.store.waiting),
            ("deadlines_due", due),
            ("dead_letters", sum(dead.values())),
        ):
            telemetry.QUEUE_DEPTH.labels(queue).set(depth)

    async def _read_models(self) -> None:
        pool = self._system.database.pool
        head = await self._system.store.head()
        for model in READ_MODELS:
            # As this process knows it: a checkpoint says up to a second later what changed nothing.
            position = max(0, self._system.positions.of(model))
            waiting = await waiting_after(pool, position) if position < head else None
            waited = 0.0 if waiting is None else ((await log_end(pool)).now - waiting.recorded_at).total_seconds()
            telemetry.READ_MODEL_LAG.labels(model.name).set(max(0, head - position))
            telemetry.READ_MODEL_WAIT.labels(model.name).set(max(0.0, waited))
