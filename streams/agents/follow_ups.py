"""Schedules the follow-ups that a status asks for, and cancels those that have lost their point."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from commands.applications import CancelFollowUps, ScheduleFollowUpSequence
from domain.applications.sequences import OF_STATUS
from domain.applications.statuses import FINAL, InterviewOutcome, Reason
from schemas.recorded import Recorded
from streams.agent import Agent, Send, unless_refused

CaughtUp = Callable[[], Awaitable[None]]


class Open(Protocol):
    """A job's follow-ups that are neither sent nor cancelled, by number, from a read model."""

    async def open_of_job(self, job_number: int, *, only_without_response: bool = False) -> Sequence[int]: ...


class FollowUpPolicy:
    """`caught_up()` waits until the read model has folded all that is recorded now: what this agent itself scheduled
    for an earlier event may stand behind the event that it handles.
    """

    def __init__(self, follow_ups: Open, caught_up: CaughtUp) -> None:
        self._follow_ups, self._caught_up = follow_ups, caught_up

    def agent(self) -> Agent:
        # What an undone acceptance restores has an event of its own, which is not among these.
        agent = Agent("follow_ups", contexts=("applications",))
        agent.on("ApplicationStatusChanged")(self.status_changed)
        agent.on("ApplicationClosed")(self.closed)
        agent.on("InterviewOutcomeRecorded")(self.outcome_recorded)
        return agent

    async def status_changed(self, event: Recorded, send: Send) -> None:
        job, status = event["number"], event["to_status"]
        if status in OF_STATUS:
            sequence = ScheduleFollowUpSequence(job, OF_STATUS[status], since=event.occurred_at)
            await unless_refused(send(sequence, event.stream_id))
        elif status in FINAL:
            await self._cancel(job, Reason.APPLICATION_ENDED, event, send)

    async def closed(self, event: Recorded, send: Send) -> None:
        await self._cancel(event["number"], Reason.APPLICATION_ENDED, event, send)

    async def outcome_recorded(self, event: Recorded, send: Send) -> None:
        if event["outcome"] not in (None, InterviewOutcome.PENDING):
            await self._cancel(event["job_number"], Reason.COMPANY_RESPONDED, event, send)

    async def _cancel(self, job: int, reason: Reason, event: Recorded, send: Send) -> None:
        await self._caught_up()
        pointless = reason is Reason.COMPANY_RESPONDED
        numbers = await self._follow_ups.open_of_job(job, only_without_response=pointless)
        if numbers:
            await unless_refused(send(CancelFollowUps(numbers, reason), event.stream_id))
