"""Withdraws a person's other applications when an offer is accepted."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol
from uuid import UUID

from commands.applications import WithdrawOthers
from schemas.recorded import Recorded
from streams.agent import Agent, Send, unless_refused

Reached = Callable[[int], Awaitable[None]]


class Active(Protocol):
    """A person's active applications by the numbers of their jobs, from a read model."""

    async def active(self, owner: UUID) -> Sequence[int]: ...


def withdrawal(jobs: Active, reached: Reached) -> Agent:
    """The agent. `reached(position)` waits until the read model that it looks into has folded that position.

    Whether each of those found is active still, and the offer accepted, the command's handler sees for itself.
    """
    agent = Agent("withdrawal", contexts=("applications",))

    @agent.on("OfferAccepted")
    async def accepted(event: Recorded, send: Send) -> None:
        await reached(event.position)
        others = [number for number in await jobs.active(event.owner) if number != event["job_number"]]
        await unless_refused(send(WithdrawOthers(event["number"], others), event.stream_id))

    return agent
