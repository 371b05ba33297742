"""A scenario in which every kind of event happens, by the commands that cause them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self
from uuid import UUID, uuid4

from api.principal import DEVELOPMENT
from commands.bus import Envelope
from commands.dispatch import (
    ClaimRouting,
    CompleteRouting,
    CreateServiceJob,
    MatchServiceJob,
    RecordReconciliation,
    RecordRoutingFailure,
    RecordRoutingSync,
    RegisterCompany,
    RegisterTechnician,
    ReportRoutingOverdue,
    RequestReconciliation,
    RequestSync,
    UpdateCompany,
)
from commands.identity import EraseSubject
from infra.append import Append, NewEvent, SubjectKey
from infra.identifiers import new_id
from runtime.system import System
from tests.grammar import Happened, happened
from tests.samples import NOW, PAYLOADS

STREET, SUMMARY, OWNER_NAME, PHONE, EMAIL = (
    "123 Main Street",
    "Leaking faucet",
    "John Doe",
    "(555) 123-4567",
    "john.doe@example.org",
)
TECHNICIAN = "Marta Ruiz"
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
CAUSE = "01a2054f-19dc-72c0-8483-4c12dec9b5d9"


@dataclass(frozen=True, slots=True)
class Everything:
    """What is known of it afterwards."""

    job_id: UUID
    erased_id: UUID
    personal: set[str]
    street: str = STREET

    @classmethod
    async def happens(cls, system: System) -> Self:
        """Two companies; a job that one takes after failures, and one that nobody takes until a company changes. Of
        the other contexts an event of each type.
        """
        giver = await _sent(system, _company("Golden State Pipes", "electrical"))
        taker = await _sent(system, _company("Buckeye Plumbing", "plumbing"))
        finder = await _sent(system, RegisterTechnician(giver, TECHNICIAN, EMAIL, PHONE, {}))
        job = await _sent(system, _job(giver, finder, "plumbing"))
        [routing] = await _routings(system, job)
        await _failing_first(system, routing)
        waiting = await _sent(system, _job(giver, finder, "roofing"))
        await _sent(system, UpdateCompany(taker, {"skills": {"roofing": "expert"}, "categories": ["roofing"]}))
        await _sent(system, MatchServiceJob(waiting))
        await _sent(system, EraseSubject(finder, "asked by e-mail"))
        others = [happened(type) for type in PAYLOADS]
        others = [one for one in others if one.topic.partition(".")[0] not in ("dispatch", "identity")]
        await _recorded(system, others)
        return cls(job, finder, {STREET, SUMMARY, OWNER_NAME, PHONE, EMAIL, TECHNICIAN} | _personal(system, others))


async def _recorded(system: System, events: Sequence[Happened]) -> None:
    """As one append, and whatever keys it needs."""
    codec, versions = system.codec, Counter[UUID]()
    keys = await codec.prepare({id for one in events for id in codec.subjects(one.topic, one.payload, one.stream)})
    new = []
    for one in events:
        versions[one.stream] += 1
        context, _, type = one.topic.partition(".")
        data = codec.encode(one.topic, one.payload, one.stream, keys)
        new.append(NewEvent(one.stream, versions[one.stream], context, type, new_id(), one.owner, data, NOW))
    metadata = {
        "correlation_id": "c",
        "causation_id": CAUSE,
        "actor": "tests",
        "command": "tests",
        "traceparent": TRACE,
    }
    made = tuple(SubjectKey(key.subject, key.wrapped) for key in keys.created)
    appended = await system.store.append(Append(tuple(new), metadata, subject_keys=made))
    await system.caught_up(appended.last)


def _personal(system: System, events: Sequence[Happened]) -> set[str]:
    marked = [(one, field.name) for one in events for field in system.registry.latest(one.topic).personal]
    return {str(value) for one, name in marked if (value := one.payload.get(name)) is not None}


async def _failing_first(system: System, routing: UUID) -> None:
    """A routing that is tried three times, synchronised, reconciled and completed."""
    for command in (
        ClaimRouting(routing, "host/1", timedelta(seconds=45)),
        RecordRoutingFailure(routing, 1, "mock: no answer", permanent=False, ambiguous=True),
        ReportRoutingOverdue(routing),
        RequestSync(routing),
        ClaimRouting(routing, "host/1", timedelta(seconds=45)),
        RecordRoutingFailure(routing, 2, "mock: refused", permanent=True, ambiguous=False),
        ClaimRouting(routing, "host/1", timedelta(seconds=45)),
        RecordRoutingSync(routing, "mock-10001"),
        RequestReconciliation(routing),
        RecordReconciliation(routing, ["mock-10002"]),
        CompleteRouting(routing, "mock-10001", None, system.clock.now()),
    ):
        await _sent(system, command)


async def _sent(system: System, command: Any) -> UUID:
    """Carry the command out, and wait for the read models; the id of its main stream."""
    envelope = Envelope("operator", DEVELOPMENT.owner, str(uuid4()), CAUSE, TRACE, any_owner=True)
    outcome = await system.bus.send(command, envelope)
    await system.caught_up(outcome.last)
    assert outcome.id is not None
    return outcome.id


async def _routings(system: System, job_id: UUID) -> list[UUID]:
    return [row["id"] for row in await system.routings.of_job(job_id)]


def _company(name: str, skill: str) -> RegisterCompany:
    return RegisterCompany(name, "mock", {skill: "expert"}, [skill], ["CA"], [], True, None)


def _job(company_id: UUID, technician_id: UUID, skill: str) -> CreateServiceJob:
    return CreateServiceJob(
        summary=SUMMARY,
        street=STREET,
        city="Anytown",
        state="CA",
        zip_code="90210",
        homeowner_name=OWNER_NAME,
        homeowner_phone=PHONE,
        homeowner_email=EMAIL,
        company_id=company_id,
        technician_id=technician_id,
        required_skills=[skill],
        skill_levels={skill: "expert"},
        category=skill,
    )
