"""A person's search for work, as their own devices see it; other people's see their own."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from api.principal import DEVELOPMENT
from commands.applications.interviews import ScheduleInterview
from commands.applications.offers import AcceptOffer, RecordOffer
from commands.applications.statuses import ChangeApplicationStatus, WithdrawOthers
from commands.bus import Envelope, Outcome
from commands.jobs import CreateJob
from domain.applications.statuses import InterviewKind, Status
from tests.running import Running
from tests.web_sockets import Device, Site

STRANGER = UUID(int=99)


class Seeker:
    """Somebody who looks for work."""

    def __init__(self, started: Running, owner: UUID = DEVELOPMENT.owner) -> None:
        self._started, self._owner = started, owner

    async def does(self, command: Any) -> Outcome:
        return await self._started.system.bus.send(command, Envelope("a person", self._owner, "test"))

    async def applied(self, company: str) -> int:
        """The number of a job applied for."""
        job = (await self.does(CreateJob(company, "Engineer"))).result.number
        await self.does(ChangeApplicationStatus(job, Status.APPLIED))
        return int(job)


async def told(device: Device, count: int) -> list[tuple[str, dict[str, Any]]]:
    return [(message["type"], message["data"]) for message in [await device.next() for _ in range(count)]]


def changed(job: int, old: str, new: str) -> tuple[str, dict[str, Any]]:
    return ("application.status_changed", {"job_id": job, "old_status": old, "new_status": new})


async def test_a_search_for_work_is_seen_live_from_the_job_to_the_accepted_offer(system: Running, here: Site) -> None:
    person, now = Seeker(system), system.system.clock.now()
    async with here.device() as device:
        other = await person.applied("Initech")
        job = await person.applied("Google")
        await person.does(
            ScheduleInterview(job, InterviewKind.PHONE, now.replace(microsecond=0) + timedelta(days=1), 60)
        )
        offer = (await person.does(RecordOffer(job))).result.number
        await person.does(AcceptOffer(offer))
        await person.does(WithdrawOthers(offer, [other]))
        made = {"job_id": job, "company": "Google", "job_title": "Engineer"}
        heard = await told(device, 11)
    assert heard[:4] == [
        ("job.created", {"job_id": other, "company": "Initech", "job_title": "Engineer"}),
        changed(other, "processing", "applied"),
        ("job.created", made),
        changed(job, "processing", "applied"),
    ]
    # What one command records comes together.
    assert [type for type, _ in heard[4:6]].count("interview.scheduled") == 1
    assert changed(job, "applied", "interview_scheduled") in heard[4:6]
    assert ("offer.received", {"offer_id": offer, **made}) in heard[6:8]
    assert changed(job, "interview_scheduled", "offer_received") in heard[6:8]
    assert ("offer.accepted", {"offer_id": offer, **made}) in heard[8:10]
    assert changed(job, "offer_received", "accepted") in heard[8:10]
    assert heard[10] == changed(other, "applied", "withdrawn")


@pytest.mark.parametrize("name", ["user_id=someone-else", f"user_id={STRANGER}", ""])
async def test_whatever_name_a_device_gives_it_sees_its_own_principals_events_only(
    system: Running, here: Site, name: str
) -> None:
    async with here.device(name) as device:
        await Seeker(system, STRANGER).applied("Somewhere else")
        mine = await Seeker(system).applied("Here")
        assert [data["job_id"] for _, data in await told(device, 2)] == [mine, mine]


async def test_a_device_gets_the_channels_that_it_asked_for(system: Running, here: Site) -> None:
    async with here.device("channels=jobs") as jobs, here.device("channels=applications") as applications:
        first, second = [await Seeker(system).applied(company) for company in ("One", "Two")]
        assert [(type, data["job_id"]) for type, data in await told(jobs, 2)] == [
            ("job.created", first),
            ("job.created", second),
        ]
        assert await told(applications, 2) == [
            changed(first, "processing", "applied"),
            changed(second, "processing", "applied"),
        ]
