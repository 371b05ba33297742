"""What a run came to: its tables against one fold of the whole log, and its outcome without ids and times."""

import asyncio
from contextlib import AsyncExitStack, suppress
from typing import Any

from projections.columns import quote
from projections.companies.fold import companies
from projections.deadlines.fold import deadlines
from projections.generations import ensure_generations
from projections.positions import Positions
from projections.projector import Projector
from projections.read_model import ReadModel
from projections.routings.fold import routings
from projections.service_jobs.fold import service_jobs
from projections.session import Session
from runtime.parts import store_feed
from runtime.system import READ_MODELS, System

_JOBS = f"""
select j.summary, j.homeowner_name, j.status, j.revenue::text, c.name as company, r.sync_status, r.error_message
 from {service_jobs.schema}.service_job j left join {routings.schema}.routing r on r.job_id = j.id
 left join {companies.schema}.company c on c.id = r.company_id order by 1, 5"""
_TECHNICIANS = f"select name from {companies.schema}.technician order by 1"
_DEADLINES = f"""
select d.kind, r.error_message from {deadlines.schema}.deadline d join {routings.schema}.routing r on r.id = d.stream_id
 order by 1, 2"""
_PARKED = "select agent, type from dead_letters where redriven_at is null"
_AT_PROVIDER = """
select p.status, p.revenue::text, count(*), count(distinct p.routing_id) from mock_pos_jobs p
 group by 1, 2 order by 1"""

Outcome = dict[str, list[tuple[Any, ...]]]


async def outcome(system: System) -> Outcome:
    queries = {
        "jobs": _JOBS,
        "technicians": _TECHNICIANS,
        "deadlines": _DEADLINES,
        "parked": _PARKED,
        "at the provider": _AT_PROVIDER,
    }
    found = {name: await system.database.pool.fetch(query) for name, query in queries.items()}
    return {name: [tuple(row) for row in rows] for name, rows in found.items()}


def _again(model: ReadModel) -> ReadModel:
    """The same tables and folds in a schema of their own."""
    again = ReadModel(f"{model.name}_again", model.version, model.tables)
    again.on(*model.types)(model.fold)
    return again


async def differences(system: System) -> dict[str, list[Any]]:
    """By table the rows that the live read model and one fold of the whole log do not have in common, all columns."""
    models = {model: _again(model) for model in READ_MODELS}
    head = await system.store.head()
    await system.caught_up(head)
    await _fold_once(system, list(models.values()), head)
    found: dict[str, list[Any]] = {}
    for live, again in models.items():
        for table in live.tables:
            one, other = (f"{quote(model.schema)}.{quote(table.name)}" for model in (live, again))
            query = f"(table {one} except table {other}) union all (table {other} except table {one})"
            found[one] = [dict(row) for row in await system.database.pool.fetch(query)]
            size = await system.database.pool.fetch(
                f"select (select count(*) from {one}), (select count(*) from {other})"
            )
            assert size[0][0] == size[0][1], one
    return {table: rows for table, rows in found.items() if rows}


async def _fold_once(system: System, models: list[ReadModel], head: int) -> None:
    await ensure_generations(system.database.pool, models, system.store.epoch)
    positions, session = Positions(models), Session(system.database.dsn)
    async with AsyncExitStack() as stack:
        feed = await stack.enter_async_context(store_feed(system))
        stack.push_async_callback(session.close)
        projecting = [
            asyncio.create_task(Projector(session, feed, model, positions, system.store.epoch).run())
            for model in models
        ]
        try:
            assert await positions.reached(models, head, 30)
        finally:
            for task in projecting:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
