"""An agent: functions that turn events into commands, with ids that follow from the event."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID, uuid5

import structlog

from commands.bus import Bus, Envelope, Outcome
from domain.errors import DomainError
from infra import telemetry
from schemas.recorded import Recorded

log = structlog.get_logger(__name__)


class Send(Protocol):
    """Send a command that this event causes. `target`: what it is about, the same at every delivery."""

    async def __call__(self, command: Any, target: UUID) -> Outcome: ...


React = Callable[[Recorded, Send], Awaitable[None]]
# Waits until the read models that agents look into have folded a position.
Reached = Callable[[int], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Agent:
    """Reactions to events by type. `contexts` name the topics that these events are in.

    A reaction decides whatever a business error means. What it lets through is either a failure of the database or
    broker, and tried again in place, or a defect, and parked.
    """

    name: str
    contexts: tuple[str, ...]
    reactions: dict[str, React] = field(default_factory=dict)

    def on(self, *types: str) -> Callable[[React], React]:
        def register(react: React) -> React:
            self.reactions.update(dict.fromkeys(types, react))
            return react

        return register


async def unless_refused(sent: Awaitable[Outcome]) -> Outcome | None:
    """The outcome, or None where things have moved on since the event, and what it asks for has no point any more."""
    try:
        return await sent
    except DomainError as reason:
        log.info("a reaction was refused", reason=type(reason).__name__)
        return None


def command_id(cause: UUID, agent: str, command: object, target: UUID) -> UUID:
    """The same for every delivery of one event; the target keeps the victims of one cascade apart."""
    return uuid5(cause, f"{agent}/{type(command).__name__}/{target}")


def sender(bus: Bus, agent: str, event: Recorded) -> Send:
    """Sends on behalf of an agent that handles this event: its owner, its correlation, caused by it."""

    async def send(command: Any, target: UUID) -> Outcome:
        envelope = Envelope(
            actor=f"agent:{agent}",
            owner=event.owner,
            correlation_id=event.metadata.get("correlation_id", str(event.event_id)),
            causation_id=str(event.event_id),
            traceparent=telemetry.traceparent(),
            command_id=command_id(event.event_id, agent, command, target),
            any_owner=True,
        )
        return await bus.send(command, envelope)

    return send
