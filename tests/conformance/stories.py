"""What happens in the conformance suite: each story goes its way to the end, whatever crashes meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID, uuid5

from commands.bus import Envelope, Unavailable
from commands.identity import EraseSubject
from infra.outbound import OutboundError
from infra.pos.mock import MockProvider
from runtime.parts import redrives
from streams.runner import INFRASTRUCTURE
from tests.conformance.failing_provider import DEFECT, REFUSED, UNAVAILABLE, UNHEARD
from tests.conformance.installation import Installation

SECONDS = 60.0


async def in_time(there: Installation, so: Callable[[], Awaitable[Any]], seconds: float = SECONDS) -> Any:
    """What `so` answers once that is true. Hours may pass by the system's clock, `seconds` by ours."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not (found := await so()):
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"not within {seconds} s: {so}")
        there.clock.skip(10)
        await asyncio.sleep(0.25)
    return found


async def status(there: Installation, job_id: str, wanted: str) -> None:
    async def has_it() -> bool:
        return await there.trade.statuses(job_id) == [wanted]

    await in_time(there, has_it)


async def routed(there: Installation, summary: str, skill: str) -> str:
    """A job and the one company that suits it; the job's id."""
    await there.trade.company(f"{skill} receiver", skill)
    return await there.trade.job(await there.trade.sender(f"{skill} sender"), summary, skill)


async def synchronised(there: Installation) -> None:
    await status(there, await routed(there, "Dripping tap", "plumbing"), "synced")


async def synchronised_at_the_first_wish(there: Installation) -> None:
    job_id = await routed(there, "Dead socket", "electrical")
    # Without their projectors, a job may be shown before its routings are.
    [routing] = await in_time(there, partial(there.trade.routings, job_id))
    answer = await there.trade.post(f"/jobs/{job_id}/sync", {"company_id": routing["company_id_received"]})
    assert answer["sync_status"] in ("synced", "completed")


async def matched_late(there: Installation) -> None:
    job_id = await there.trade.job(await there.trade.sender("roofing sender"), "Missing tiles", "roofing")
    assert await there.trade.routings(job_id) == []
    await there.trade.company("roofing receiver", "roofing")
    await status(there, job_id, "synced")


async def unavailable_at_first(there: Installation) -> None:
    await status(there, await routed(there, UNAVAILABLE, "carpentry"), "synced")


async def refused(there: Installation) -> None:
    await status(there, await routed(there, REFUSED, "painting"), "failed")


async def created_but_not_heard_of(there: Installation) -> None:
    await status(there, await routed(there, UNHEARD, "flooring"), "synced")


async def completed(there: Installation) -> None:
    job_id = await routed(there, "Blocked drain", "drains")
    await status(there, job_id, "synced")
    [routing] = await there.trade.routings(job_id)
    point_of_sale = MockProvider(there.system.database.pool, there.clock)

    async def done() -> bool:
        try:
            await point_of_sale.complete(routing["external_id"], Decimal("450.00"))
        except OutboundError:
            return False
        return True

    await in_time(there, done)
    await status(there, job_id, "completed")


async def erased(there: Installation) -> None:
    sender = await there.trade.sender("gardening sender")
    await there.trade.company("gardening receiver", "gardening")
    job_id = await there.trade.job(sender, "Overgrown hedge of Jane Roe", "gardening")
    await status(there, job_id, "synced")
    for subject in (UUID(job_id), UUID(sender.technician_id)):
        envelope = Envelope("tests", subject, "tests", command_id=uuid5(subject, "erase"), any_owner=True)

        async def gone(subject: UUID = subject, envelope: Envelope = envelope) -> bool:
            try:
                await there.system.bus.send(EraseSubject(subject, "asked to be forgotten"), envelope)
            except (Unavailable, *INFRASTRUCTURE):
                return False
            return True

        await in_time(there, gone)


async def parked_and_redriven(there: Installation) -> None:
    job_id = await routed(there, DEFECT, "locks")
    redrive = redrives(there.system)["pos_sync"]

    async def parked() -> Any:
        try:
            return await redrive.parked()
        except INFRASTRUCTURE:
            return []

    [stream] = await in_time(there, parked)
    there.provider.defective = False

    async def redriven() -> bool:
        try:
            return (await redrive.stream(stream.stream_id)).error is None
        except INFRASTRUCTURE:
            return False

    await in_time(there, redriven)

    async def settled() -> bool:
        # What queued behind while the stream was redriven waits for the next redrive.
        await in_time(there, redriven)
        return await there.trade.statuses(job_id) == ["synced"]

    await in_time(there, settled)


STORIES = (
    synchronised,
    synchronised_at_the_first_wish,
    matched_late,
    unavailable_at_first,
    refused,
    created_but_not_heard_of,
    completed,
    erased,
    parked_and_redriven,
)
