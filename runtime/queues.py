"""How much waits where: what the gauges of /metrics show, asked for at each scrape."""

from infra import telemetry
from projections.deadlines.queries import DueDeadlines
from runtime.system import READ_MODELS, System

_AGENTS = """
select agent, max(position) as position,
 (select count(*) from dead_letters d where d.agent = c.agent and redriven_at is null) as dead_letters
 from agent_checkpoints c group by agent"""


async def measure(system: System) -> None:
    """Set the gauges of queues and of lags. Raises what asyncpg raises while the database is away."""
    head = await system.store.head()
    for model in READ_MODELS:
        telemetry.READ_MODEL_LAG.labels(model.name).set(max(0, head - system.positions.of(model)))
    dead_letters = 0
    for row in await system.database.pool.fetch(_AGENTS):
        dead_letters += row["dead_letters"]
        telemetry.AGENT_LAG.labels(row["agent"]).set(max(0, head - row["position"]))
        telemetry.DEAD_LETTERS.labels(row["agent"]).set(row["dead_letters"])
    due = await DueDeadlines(system.database.pool).waiting(system.clock.now())
    for queue, depth in (
        ("append_lane", system.store.waiting),
        ("deadlines_due", due),
        ("dead_letters", dead_letters),
    ):
        telemetry.QUEUE_DEPTH.labels(queue).set(depth)
