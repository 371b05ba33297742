"""Deadlines: moments at which the system has to do something by itself, whatever stopped or restarted meanwhile."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import asyncpg
import stamina
import structlog

from commands.applications import ExpireOffer, MarkFollowUpDue, RequestFollowUpMail
from commands.bus import Bus, Envelope
from commands.calendar import RequestCalendarSync
from commands.dispatch import ReportRoutingOverdue, RequestReconciliation, RequestSync
from domain.clock import Clock
from domain.errors import DomainError
from infra.append import EpochMismatch
from infra.leadership import leadership
from streams.runner import BACKOFF, INFRASTRUCTURE

log = structlog.get_logger(__name__)

TICK_SECONDS = 0.5
BATCH = 200

# What is sent when a deadline of a kind is due; each takes the id of the stream that the deadline is about.
COMMANDS: Mapping[str, Callable[[UUID], Any]] = {
    "calendar_lease": RequestCalendarSync,
    "calendar_retry": RequestCalendarSync,
    "calendar_check": RequestCalendarSync,
    "routing_lease": RequestSync,
    "routing_retry": RequestSync,
    "routing_overdue": ReportRoutingOverdue,
    "routing_reconciliation": RequestReconciliation,
    "offer_expiry": ExpireOffer,
    "follow_up": MarkFollowUpDue,
    "follow_up_mail": RequestFollowUpMail,
}


@dataclass(frozen=True, slots=True)
class Deadline:
    """`command_id` is the id of the command that it sends: however often it is found due, that happens once.
    `cause` is the event that set it.
    """

    command_id: UUID
    cause: UUID
    kind: str
    stream_id: UUID
    owner: UUID
    due_at: datetime
    correlation_id: str


class Deadlines(Protocol):
    """The read model of what is due and was not fired yet, soonest first."""

    async def due(self, now: datetime, limit: int) -> Sequence[Deadline]: ...
    async def fired(self, command_ids: Sequence[UUID]) -> None: ...


class Ticker:
    """Sends the commands of due deadlines. One process ticks, others stand by."""

    def __init__(self, bus: Bus, deadlines: Deadlines, clock: Clock) -> None:
        self._bus, self._deadlines, self._clock = bus, deadlines, clock
        self._defective: set[UUID] = set()  # command ids that are not tried again before a restart

    async def run(self, dsn: str) -> None:
        async for attempt in stamina.retry_context(on=INFRASTRUCTURE, **BACKOFF):  # type: ignore[arg-type]
            with attempt:
                async with leadership(dsn, "ticker") as lead:
                    while not lead.is_closed():
                        if await self.tick() < BATCH:
                            await asyncio.sleep(TICK_SECONDS)
                    raise asyncpg.InterfaceError("the connection that holds the lead is gone")

    async def tick(self) -> int:
        """Fire what is due now; the number fired."""
        found = await self._deadlines.due(self._clock.now(), BATCH + len(self._defective))
        due = [deadline.command_id for deadline in found if await self._fire(deadline)]
        if due:
            # After the commands: a crash between the two fires again, under the same command ids.
            await self._deadlines.fired(due)
        return len(due)

    async def _fire(self, deadline: Deadline) -> bool:
        """False for a deadline whose command has a defect: it must not hold up the others."""
        if deadline.command_id in self._defective:
            return False
        envelope = Envelope(
            actor="agent:deadlines",
            owner=deadline.owner,
            correlation_id=deadline.correlation_id,
            causation_id=str(deadline.cause),
            command_id=deadline.command_id,
            any_owner=True,
        )
        try:
            await self._bus.send(COMMANDS[deadline.kind](deadline.stream_id), envelope)
        except DomainError as reason:
            log.warning("deadline refused", kind=deadline.kind, stream_id=str(deadline.stream_id), reason=str(reason))
        except (EpochMismatch, *INFRASTRUCTURE):
            raise
        except Exception as error:
            log.error("deadline failed", kind=deadline.kind, stream_id=str(deadline.stream_id), exc_info=error)
            self._defective.add(deadline.command_id)
            return False
        return True
