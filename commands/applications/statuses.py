"""Commands about an application's status."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from commands.applications.loading import application_for, part_of
from commands.bus import Work, handles, recalls
from domain.applications.acceptances import Acceptances
from domain.applications.application import Application
from domain.applications.offer import Offer
from domain.applications.statuses import OfferStatus, Status
from domain.errors import NotFound
from domain.numbers import Kind, stream_id
from schemas.recorded import Recorded


@dataclass(frozen=True, slots=True)
class SaveJob:
    """The automatic processing of a new job is done."""

    job_number: int


@handles(SaveJob)
async def save_job(command: SaveJob, work: Work) -> None:
    (await application_for(work, command.job_number)).save(work.now)


@dataclass(frozen=True, slots=True)
class ChangeApplicationStatus:
    """The person says how far it has come."""

    job_number: int
    status: Status
    notes: str | None = None


@dataclass(frozen=True, slots=True)
class StatusChanged:
    old: Status
    new: Status
    changed_at: datetime


@handles(ChangeApplicationStatus)
async def change_application_status(command: ChangeApplicationStatus, work: Work) -> StatusChanged:
    application, now = await application_for(work, command.job_number), work.now
    old = application.status
    application.change_status(command.status, command.notes, now)
    return StatusChanged(old, application.status, now)


@recalls(ChangeApplicationStatus)
def application_status_changed(events: Sequence[Recorded]) -> StatusChanged:
    [changed] = events
    return StatusChanged(Status(changed["from_status"]), Status(changed["to_status"]), changed.occurred_at)


@dataclass(frozen=True, slots=True)
class WithdrawOthers:
    """Withdraw the applications for these jobs, as far as they are active, because an offer was accepted."""

    offer_number: int
    others: Sequence[int]


@handles(WithdrawOthers)
async def withdraw_others(command: WithdrawOthers, work: Work) -> Sequence[int]:
    """The jobs whose applications were withdrawn. An acceptance that was undone meanwhile withdraws none."""
    offer, now = await part_of(work, Offer, Kind.OFFER, command.offer_number), work.now
    if offer.status is not OfferStatus.ACCEPTED or offer.others_withdrawn:
        return ()
    victims = []
    for number in command.others:
        application = await _found(work, number)
        if application is not None and application.withdraw_for(offer.id, now):
            victims.append(application)
    offer.record_victims([_victim(application) for application in victims], now)
    acceptances = await work.load(Acceptances, Acceptances.create_id(offer.owner))
    acceptances.settle(offer.id, offer.number, now)
    return [application.number for application in victims]


async def _found(work: Work, job_number: int) -> Application | None:
    try:
        return await work.load(Application, stream_id(Kind.APPLICATION, job_number))
    except NotFound:
        return None


def _victim(application: Application) -> dict[str, object]:
    return {
        "application_id": application.id,
        "job_number": application.number,
        "from_status": application.status_before,
    }
