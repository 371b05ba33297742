"""How handlers find an application and the posting that it is about."""

from typing import TypeVar

from commands.bus import Work
from domain.aggregate import Aggregate
from domain.applications.application import Application
from domain.errors import NotFound
from domain.jobs.job import Job
from domain.numbers import Kind, stream_id

A = TypeVar("A", bound=Aggregate)


async def application_for(work: Work, job_number: int) -> Application:
    """The application for a job, to be changed; what the work makes belongs to its owner. Raises `NotFound`."""
    try:
        application = await work.load(Application, stream_id(Kind.APPLICATION, job_number))
    except NotFound:
        raise NotFound("Job", str(job_number)) from None
    application.require_there()
    work.owner = application.owner
    return application


async def part_of(work: Work, kind: type[A], number_kind: Kind, number: int) -> A:
    """An interview, offer, note or follow-up by its number, to be changed. Raises `NotFound`."""
    return await work.load(kind, stream_id(number_kind, number))


async def posting_of(work: Work, application: Application) -> Job:
    """The posting, to be looked at."""
    return await work.read(Job, application.job_id)
