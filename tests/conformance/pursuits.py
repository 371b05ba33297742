"""Stories of people who look for work, and what they came to."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

from commands.applications import (
    AcceptOffer,
    ChangeApplicationStatus,
    RecordOffer,
    ScheduleFollowUp,
    UndoAcceptance,
)
from commands.bus import Envelope, Outcome, Unavailable
from commands.jobs import CreateJob, RemoveJob
from domain.applications.statuses import FollowUpKind, Status
from projections.applications.fold import applications
from runtime.system import System
from streams.runner import INFRASTRUCTURE
from tests.conformance.installation import Installation
from tests.conformance.stories import in_time

_PEOPLE = UUID("5e1f7f0a-2d43-4d39-8f0b-7a1f5f6f2c11")
# The clock may skip many hours while somebody waits.
GRACE = timedelta(days=30)

_JOBS = f"select title, status from {applications.schema}.application where title like '% of %' order by 1"
_FOLLOW_UPS = f"""
select a.title, f.kind, f.status, count(*) from {applications.schema}.follow_up f
 join {applications.schema}.application a on a.number = f.job_number where a.title like '% of %'
 group by 1, 2, 3 order by 1, 2, 3"""
_OFFERS = f"""
select a.title, s.status from {applications.schema}.offer_status s
 join {applications.schema}.offer_terms t on t.number = s.number and t.version = 1
 join {applications.schema}.application a on a.number = t.job_number where s.valid_to is null order by 1"""
_ONCE = """
select type, count(*), count(distinct stream_id) from events
 where type in ('FollowUpBecameDue', 'OthersWithdrawn', 'OfferExpired', 'JobSaved') group by 1 order by 1"""

EXPECTED: Mapping[str, list[tuple[Any, ...]]] = {
    "applications": [
        ("Applied of Ada", "withdrawn"),
        ("Applied of Bea", "applied"),
        ("Offered of Ada", "accepted"),
        ("Offered of Bea", "offer_received"),
        ("Offered of Cleo", "offer_received"),
        ("Saved of Ada", "saved"),
        ("Waiting of Dora", "saved"),
    ],
    "follow-ups": [
        *(
            (title, kind, "cancelled", count)
            for title in ("Applied of Ada", "Applied of Bea")
            for kind, count in (("final_followup", 1), ("post_application", 1), ("second_followup", 1))
        ),
        *(
            ("Offered of Ada", kind, "cancelled", count)
            for kind, count in (
                ("final_followup", 1),
                ("post_application", 1),
                ("post_interview", 2),
                ("second_followup", 1),
            )
        ),
        ("Waiting of Dora", "custom", "due", 1),
    ],
    "offers": [("Offered of Ada", "accepted"), ("Offered of Bea", "pending"), ("Offered of Cleo", "expired")],
    # Eight jobs, of which one was removed; two acceptances.
    "once": [("FollowUpBecameDue", 1, 1), ("JobSaved", 8, 8), ("OfferExpired", 1, 1), ("OthersWithdrawn", 2, 2)],
}


async def pursuits(system: System) -> dict[str, list[tuple[Any, ...]]]:
    """What the stories came to, without ids and times."""
    queries = {"applications": _JOBS, "follow-ups": _FOLLOW_UPS, "offers": _OFFERS, "once": _ONCE}
    found = {name: await system.database.pool.fetch(query) for name, query in queries.items()}
    return {name: [tuple(row) for row in rows] for name, rows in found.items()}


@dataclass(frozen=True)
class Seeker:
    """Somebody who tries each thing again until it is known to be done: a repeated command changes nothing."""

    there: Installation
    name: str

    @property
    def owner(self) -> UUID:
        return uuid5(_PEOPLE, self.name)

    async def do(self, label: str, command: Any) -> Outcome:
        envelope = Envelope(self.name, self.owner, "c-1", command_id=uuid5(self.owner, label))

        async def done() -> Outcome | None:
            try:
                return await self.there.system.bus.send(command, envelope)
            except (Unavailable, *INFRASTRUCTURE):
                return None

        outcome: Outcome = await in_time(self.there, done)
        return outcome

    async def ask(self, question: Callable[[], Awaitable[Any]]) -> Any:
        """What is answered as soon as it is something."""

        async def answered() -> Any:
            try:
                return await question()
            except INFRASTRUCTURE:
                return None

        return await in_time(self.there, answered)

    async def job(self, kind: str, *steps: Status) -> int:
        """The number of a job that was saved, and whose application went these steps."""
        jobs = self.there.system.applications.jobs
        title = f"{kind} of {self.name}"
        first = (await self.do(title, CreateJob("Google", title))).first
        number: int = await self.ask(lambda: jobs.made_at(first, self.owner))
        await self.has(number, "saved")
        for step in steps:
            await self.do(f"{title} {step}", ChangeApplicationStatus(number, step))
        return number

    async def has(self, number: int, status: str) -> None:
        async def so() -> bool:
            row = await self.there.system.applications.jobs.by_number(number, self.owner)
            return row is not None and row["status"] == status

        await self.ask(so)

    async def has_follow_ups(self, number: int, count: int, status: str = "scheduled") -> None:
        async def so() -> bool:
            found = await self.there.system.applications.follow_ups.of_job(number)
            return sum(row["status"] == status for row in found) == count

        await self.ask(so)

    async def offer(self, number: int, **fields: Any) -> int:
        first = (await self.do(f"offer {number}", RecordOffer(number, **fields))).first
        offers = self.there.system.applications.offers
        found: int = await self.ask(lambda: offers.made_at(first, self.owner))
        return found


async def accepted(there: Installation) -> None:
    ada = Seeker(there, "Ada")
    await ada.job("Saved")
    other = await ada.job("Applied", Status.APPLIED)
    job = await ada.job("Offered", Status.APPLIED, Status.INTERVIEWING)
    await ada.has_follow_ups(other, 3)
    await ada.has_follow_ups(job, 5)
    await ada.do("accept", AcceptOffer(await ada.offer(job)))
    await ada.has(other, "withdrawn")
    await ada.has_follow_ups(other, 3, "cancelled")
    await ada.has_follow_ups(job, 5, "cancelled")


async def accepted_and_undone(there: Installation) -> None:
    bea = Seeker(there, "Bea")
    other = await bea.job("Applied", Status.APPLIED)
    job = await bea.job("Offered")
    await bea.has_follow_ups(other, 3)
    offer = await bea.offer(job)
    await bea.do("accept", AcceptOffer(offer))
    await bea.has(other, "withdrawn")
    await bea.do("undo", UndoAcceptance(offer, GRACE))
    await bea.has(other, "applied")
    await bea.has_follow_ups(other, 3, "cancelled")


async def expired(there: Installation) -> None:
    cleo = Seeker(there, "Cleo")
    job = await cleo.job("Offered")
    soon = there.clock.now() + timedelta(minutes=1)
    offer = await cleo.offer(job, expires_at=soon)

    async def over() -> bool:
        row = await there.system.applications.offers.by_number(offer, cleo.owner)
        return row is not None and row["status"] == "expired"

    await cleo.ask(over)


async def reminded(there: Installation) -> None:
    dora = Seeker(there, "Dora")
    job = await dora.job("Waiting")
    soon = there.clock.now() + timedelta(minutes=1)
    await dora.do("remind", ScheduleFollowUp(job, FollowUpKind.CUSTOM, soon))
    await dora.has_follow_ups(job, 1, "due")
    gone = await dora.job("Gone")
    await dora.do("remove", RemoveJob(gone))


PURSUITS = (accepted, accepted_and_undone, expired, reminded)
