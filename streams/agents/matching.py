"""Finds companies for service jobs that had none, when companies join or change and when such a job comes in."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from commands.dispatch import MatchServiceJob
from schemas.recorded import Recorded
from streams.agent import Agent, Reached, Send

# What a company has to change for new jobs to suit it.
DECISIVE = frozenset({"skills", "categories", "states", "zip_prefixes", "active", "provider_type"})


class Unmatched(Protocol):
    """Service jobs without any routing, from a read model."""

    async def unmatched(self) -> Sequence[UUID]: ...


def matching(jobs: Unmatched, reached: Reached) -> Agent:
    """The agent. `reached(position)` waits until the read models it looks into have folded that position.

    Both directions wait: of a job and a company that come in at once, the later one's event sees the other.
    """
    agent = Agent("matching", contexts=("dispatch",))

    @agent.on("CompanyRegistered", "CompanyUpdated")
    async def company_changed(event: Recorded, send: Send) -> None:
        if event.type == "CompanyUpdated" and not DECISIVE.intersection(event["changed"]):
            return
        await reached(event.position)
        for job_id in await jobs.unmatched():
            await send(MatchServiceJob(job_id), job_id)

    @agent.on("ServiceJobCreated")
    async def job_created(event: Recorded, send: Send) -> None:
        if event["routings"] == 0:
            await reached(event.position)
            await send(MatchServiceJob(event.stream_id), event.stream_id)

    return agent
