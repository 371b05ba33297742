"""The service job that is posted, which suits three companies of the sample directory; and how its routings do."""

import asyncio
from dataclasses import dataclass
from typing import Any

import asyncpg

PATH = "/tradeengage/api/v1/jobs/"
ROUTINGS = 3
_COMPANY = "Buckeye Plumbing"
_SYNC_SECONDS = 300.0

_SENDER = """select c.id as company, t.id as technician
from companies_v1.company c join companies_v1.technician t on t.company_id = c.id where c.name = $1 limit 1"""
_COUNTS = """select count(*) as routings, count(*) filter (where sync_status = 'synced') as synced
from routings_v1.routing"""


@dataclass(frozen=True, slots=True)
class Counts:
    routings: int
    synced: int


async def job(dsn: str) -> dict[str, Any]:
    """The body of the request, as soon as the sample is in the read models. Raises TimeoutError."""
    connection = await asyncpg.connect(dsn)
    async with asyncio.timeout(_SYNC_SECONDS):
        while (sender := await connection.fetchrow(_SENDER, _COMPANY)) is None:
            await asyncio.sleep(0.05)
    await connection.close()
    return {
        "summary": "Kitchen faucet replacement needed urgently",
        "address": {"street": "123 Main Street", "city": "Springfield", "state": "IL", "zip_code": "60601"},
        "homeowner": {"name": "John Doe", "phone": "(555) 123-4567", "email": "john.doe@email.com"},
        "created_by_company_id": str(sender["company"]),
        "created_by_technician_id": str(sender["technician"]),
        "required_skills": ["plumbing"],
        "skill_levels": {"plumbing": "intermediate"},
        "category": "plumbing",
    }


async def counts(dsn: str) -> Counts:
    connection = await asyncpg.connect(dsn)
    row = await connection.fetchrow(_COUNTS)
    await connection.close()
    assert row is not None
    return Counts(*row.values())


async def all_synced(dsn: str, routings: int) -> None:
    """Wait until so many routings are synced. Raises TimeoutError."""
    async with asyncio.timeout(_SYNC_SECONDS):
        while (await counts(dsn)).synced < routings:
            await asyncio.sleep(0.05)
