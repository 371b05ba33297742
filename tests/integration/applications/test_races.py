"""What two processes do at the same time to one person's applications, over a real store."""

import asyncio
import random
from dataclasses import dataclass
from typing import Any

from commands.applications import (
    AcceptOffer,
    ChangeApplicationStatus,
    RecordOffer,
    ScheduleInterview,
    UndoAcceptance,
    WithdrawOthers,
)
from commands.bus import Bus, Envelope, Outcome, Work
from commands.jobs import RemoveJob
from domain.applications.acceptances import OtherOfferAccepted
from domain.applications.application import Application
from domain.applications.statuses import InterviewKind, Status
from domain.errors import DomainError, IllegalTransition
from domain.numbers import Kind, stream_id
from infra.aggregates import Aggregates
from infra.identifiers import new_id
from infra.numbers import PostgresNumbers
from infra.recorded_rows import recorded
from projections.applications.fold import applications
from runtime.system import System
from tests.applicant import Applicant
from tests.grammar import World
from tests.integration.applications.test_policies import GRACE
from tests.samples import NOW

ROUNDS = 12


@dataclass
class Processes:
    """Several buses over one store, each with a cache of its own."""

    applicant: Applicant
    buses: list[Bus]

    async def at_once(self, *commands: Any) -> list[Outcome | DomainError]:
        """Each by another process, in any order."""
        owner = self.applicant.owner
        sending = [
            bus.send(command, Envelope("race", owner, "c-1"))
            for bus, command in zip(self.buses, commands, strict=False)
        ]
        random.shuffle(sending)
        found = await asyncio.gather(*sending, return_exceptions=True)
        for one in found:
            if isinstance(one, BaseException) and not isinstance(one, DomainError):
                raise one
        await self.applicant.system.folded(applications)
        return [one for one in found if isinstance(one, Outcome | DomainError)]

    async def status(self, job: int) -> str:
        streams = self.applicant.system.streams
        return (await streams.load(Application, stream_id(Kind.APPLICATION, job), fresh=True)).status.value


def processes(applicant: Applicant) -> Processes:
    system: System = applicant.system
    pool = system.database.pool

    def bus() -> Bus:
        streams = Aggregates(system.store, system.codec)
        return Bus(Work(streams, World(), PostgresNumbers(pool), system.clock, new_id, random.random))

    return Processes(applicant, [bus() for _ in range(4)])


def refusals(found: list[Outcome | DomainError]) -> list[type]:
    return [type(one) for one in found if isinstance(one, DomainError)]


async def test_an_offer_that_is_accepted_twice_at_once_is_accepted_once(applicant: Applicant) -> None:
    there = processes(applicant)
    for _ in range(ROUNDS):
        person = Applicant(applicant.system, applicant.clock)
        there.applicant = person
        offer = await person.offer(await person.job(Status.INTERVIEWING))
        found = await there.at_once(*[AcceptOffer(offer)] * 4)
        assert set(refusals(found)) == {IllegalTransition}
        assert len(refusals(found)) == 3


async def test_of_two_offers_that_are_accepted_at_once_one_stands(applicant: Applicant) -> None:
    there = processes(applicant)
    for _ in range(ROUNDS):
        person = there.applicant = Applicant(applicant.system, applicant.clock)
        jobs = [await person.job(Status.INTERVIEWING) for _ in range(2)]
        offers = [await person.offer(job) for job in jobs]
        assert refusals(await there.at_once(*map(AcceptOffer, offers))) == [OtherOfferAccepted]
        await there.at_once(*(WithdrawOthers(offer, jobs[::-1]) for offer in offers))
        assert sorted([await there.status(job) for job in jobs]) == ["accepted", "withdrawn"]


async def test_undoing_and_withdrawing_at_once_leaves_nobody_withdrawn(applicant: Applicant) -> None:
    there = processes(applicant)
    for _ in range(ROUNDS):
        person = there.applicant = Applicant(applicant.system, applicant.clock)
        other, job = await person.job(Status.APPLIED), await person.job(Status.INTERVIEWING)
        offer = await person.offer(job)
        await person.do(AcceptOffer(offer))
        found = await there.at_once(UndoAcceptance(offer, GRACE), WithdrawOthers(offer, [other]))
        assert refusals(found) == []
        assert (await there.status(other), await there.status(job)) == ("applied", "offer_received")


async def test_a_victim_that_moves_in_the_middle_of_the_cascade_is_withdrawn_or_left_by_what_it_was(
    applicant: Applicant,
) -> None:
    there = processes(applicant)
    for end in (Status.REJECTED, Status.INTERVIEWING) * (ROUNDS // 2):
        person = there.applicant = Applicant(applicant.system, applicant.clock)
        others = [await person.job(Status.APPLIED) for _ in range(3)]
        offer = await person.offer(await person.job(Status.INTERVIEWING))
        await person.do(AcceptOffer(offer))
        found = await there.at_once(
            WithdrawOthers(offer, others), ChangeApplicationStatus(others[1], end), RemoveJob(others[2])
        )
        assert set(refusals(found)) <= {IllegalTransition}
        victims = await victims_of(applicant, offer)
        assert victims[others[0]] == "applied"
        moved = await there.status(others[1])
        if others[1] in victims:
            assert moved == "withdrawn"
            assert victims[others[1]] in ("applied", end.value)
        else:
            assert moved == end.value == "rejected"


async def victims_of(applicant: Applicant, offer: int) -> dict[int, str]:
    rows = await applicant.system.store.read_stream(stream_id(Kind.OFFER, offer))
    events = [recorded(row, applicant.system.store.epoch, applicant.system.codec.decode) for row in rows]
    [cascade] = [event for event in events if event.type == "OthersWithdrawn"]
    return {victim["job_number"]: victim["from_status"] for victim in cascade["victims"]}


async def test_nothing_is_added_to_an_application_that_ends_at_the_same_time(applicant: Applicant) -> None:
    there = processes(applicant)
    for number in range(ROUNDS):
        person = there.applicant = Applicant(applicant.system, applicant.clock)
        job = await person.job(Status.INTERVIEWING)
        end = RemoveJob(job) if number % 2 else ChangeApplicationStatus(job, Status.REJECTED)
        await there.at_once(end, ScheduleInterview(job, InterviewKind.PHONE, NOW, 60), RecordOffer(job))
        rows = await person.system.database.pool.fetch(
            "select type, max(position) as position from events where owner = $1 group by type", person.owner
        )
        last = {row["type"]: row["position"] for row in rows}
        if "InterviewScheduled" in last and await there.status(job) == "rejected":
            ended = await person.system.database.pool.fetchval(
                "select max(position) from events where stream_id = $1", stream_id(Kind.APPLICATION, job)
            )
            assert last["InterviewScheduled"] < ended
