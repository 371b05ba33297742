"""Somebody who looks for work: sends commands as themselves, and sees what they wrote."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from commands.applications import ChangeApplicationStatus, RecordOffer, SaveJob
from commands.bus import Envelope, Outcome
from commands.jobs import CreateJob
from domain.applications.statuses import Status
from projections.applications.fold import applications
from runtime.queries import ApplicationQueries
from runtime.system import System
from tests.grammar import StandingClock

# How to get from saved to a status.
PATHS = {
    Status.APPLIED: (Status.APPLIED,),
    Status.INTERVIEW_SCHEDULED: (Status.APPLIED, Status.INTERVIEW_SCHEDULED),
    Status.INTERVIEWING: (Status.APPLIED, Status.INTERVIEWING),
    Status.OFFER_RECEIVED: (Status.APPLIED, Status.INTERVIEWING, Status.OFFER_RECEIVED),
    Status.REJECTED: (Status.REJECTED,),
}


@dataclass
class Applicant:
    """One person over a running system."""

    system: System
    clock: StandingClock
    owner: UUID = field(default_factory=uuid4)

    @property
    def ask(self) -> ApplicationQueries:
        return self.system.applications

    async def send(self, command: Any, **envelope: Any) -> Outcome:
        """Raises what the command's handler raises."""
        sent = Envelope("applicant", self.owner, "c-1", **envelope)
        outcome = await self.system.bus.send(command, sent)
        assert await self.system.positions.reached([applications], outcome.last, 60)
        return outcome

    async def do(self, command: Any) -> Any:
        return (await self.send(command)).result

    async def job(self, status: Status = Status.SAVED, **fields: Any) -> int:
        """The number of a new job whose application has this status."""
        number: int = (await self.do(CreateJob(**{"company": "Google", "title": "Engineer"} | fields))).number
        if status is not Status.PROCESSING:
            await self.do(SaveJob(number))
        for step in PATHS.get(status, ()):
            await self.do(ChangeApplicationStatus(number, step))
        return number

    async def offer(self, job: int, **fields: Any) -> int:
        number: int = (await self.do(RecordOffer(job, **fields))).number
        return number

    async def statuses(self) -> dict[int, str]:
        """Of all the person's jobs by number."""
        return {row["number"]: row["status"] for row in await self.ask.jobs.page(self.owner, 0, 1000)}
