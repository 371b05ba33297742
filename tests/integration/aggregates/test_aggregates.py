"""Aggregates over a real event store: two caches stand for two processes."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from commands.bus import Bus, Envelope, IdempotencyKey, KeyReused, Work
from commands.dispatch import ClaimRouting, RecordRoutingSync, RegisterCompany, RegisterTechnician, UpdateCompany
from commands.identity import EraseSubject
from domain.clock import Clock
from domain.dispatch.company import Company
from domain.dispatch.routing import Routing
from domain.dispatch.technician import Technician
from domain.errors import IllegalTransition, NotFound
from infra.aggregates import STALE_SECONDS, Aggregates
from infra.database import Database
from infra.event_store import EventStore
from infra.identifiers import new_id
from infra.subject_keys import PostgresSubjectKeys
from schemas.codec import Codec
from schemas.keyring import KeyRing, MasterKey
from schemas.registry import Registry

OWNER = uuid4()
COMPANY = RegisterCompany("Acme", "mock", {"plumbing": "expert"}, [], [], [], True, None)


class NoCompanies:
    async def candidates(self) -> list[object]:
        return []


class Fixed(Clock):
    def now(self) -> datetime:
        return datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class Seconds:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Process:
    """What one process has: a cache, a bus, and a clock of its own."""

    streams: Aggregates
    bus: Bus
    seconds: Seconds
    store: EventStore

    async def send(self, command: object, **envelope: object) -> UUID:
        outcome = await self.bus.send(command, Envelope("test", OWNER, "c-1", **envelope))  # type: ignore[arg-type]
        assert outcome.id is not None
        return outcome.id


@pytest.fixture
async def processes(database: str) -> AsyncIterator[tuple[Process, Process]]:
    opened = await Database.open(database)
    store = await EventStore.open(opened)
    yield _process(opened, store), _process(opened, store)
    await store.close()
    await opened.close()


def _process(opened: Database, store: EventStore) -> Process:
    seconds = Seconds()
    keyring = KeyRing(PostgresSubjectKeys(opened.pool), MasterKey(b"k" * 32), seconds=seconds)
    streams = Aggregates(store, Codec(Registry(), keyring), seconds)
    return Process(streams, Bus(Work(streams, NoCompanies(), None, Fixed(), new_id, lambda: 0.5)), seconds, store)  # type: ignore[arg-type]


async def _routing(process: Process) -> UUID:
    routing = Routing(
        id=new_id(), job_id=new_id(), company_id=new_id(), matching_score=4.0, matched_skills=["plumbing"],
        provider_type="mock", algorithm="skills-1", features={}, timestamp=Fixed().now(),
    )  # fmt: skip
    work = Work(process.streams, NoCompanies(), None, Fixed(), new_id, lambda: 0.5)  # type: ignore[arg-type]
    work.add(routing)
    await process.streams.append(work, Envelope("test", OWNER, "c-1"), "test")
    return routing.id


async def test_a_change_that_another_process_was_faster_with_is_decided_again(
    processes: tuple[Process, Process],
) -> None:
    one, two = processes
    id = await one.send(COMPANY)
    await two.send(UpdateCompany(id, {"name": "Two"}))
    await one.send(UpdateCompany(id, {"active": False}))
    company = await two.streams.load(Company, id, fresh=True)
    assert (company.name, company.active, company.version) == ("Two", False, 3)


async def test_a_refusal_on_a_cached_aggregate_is_checked_against_the_stream(
    processes: tuple[Process, Process],
) -> None:
    one, two = processes
    id = await _routing(one)
    with pytest.raises(IllegalTransition):
        await one.send(RecordRoutingSync(id, "st-1"))  # nobody has claimed it
    await two.send(ClaimRouting(id, "two", timedelta(minutes=1)))
    await one.send(RecordRoutingSync(id, "st-1"))
    assert (await two.streams.load(Routing, id, fresh=True)).external_id == "st-1"


async def test_a_refused_change_leaves_no_trace_in_the_cache(processes: tuple[Process, Process]) -> None:
    one, _ = processes
    id = await one.send(COMPANY)
    with pytest.raises(KeyError):
        await one.send(UpdateCompany(id, {"name": "New", "colour": "red"}))
    assert (await one.streams.read(Company, id)).name == "Acme"


async def test_what_is_read_is_at_most_a_few_seconds_behind_other_processes(
    processes: tuple[Process, Process],
) -> None:
    one, two = processes
    id = await one.send(COMPANY)
    assert (await two.streams.read(Company, id)).name == "Acme"
    await one.send(UpdateCompany(id, {"name": "New"}))
    two.seconds.now += STALE_SECONDS + 1
    assert (await two.streams.read(Company, id)).name == "New"


async def test_a_long_stream_is_loaded_from_its_snapshot(processes: tuple[Process, Process]) -> None:
    one, two = processes
    id = await one.send(COMPANY)
    for number in range(60):
        await one.send(UpdateCompany(id, {"name": f"Acme {number}"}))
    kept = await one.store.fetch_snapshot(id)
    assert kept is not None
    assert kept.version == Company.SNAPSHOT_EVERY
    company = await two.streams.load(Company, id, fresh=False)
    assert (company.name, company.version, company.owner) == ("Acme 59", 61, OWNER)
    await two.send(UpdateCompany(id, {"active": False}))


def test_no_aggregate_with_personal_data_is_snapshot() -> None:
    registry = Registry()
    for kind in (Company, Routing, Technician):
        context = kind.TOPIC.partition(".")[0]
        types = [f"{context}.{name}" for name in vars(kind) if f"{context}.{name}" in registry.types]
        assert types
        personal = any(registry.latest(type).personal for type in types)
        assert not (personal and kind.SNAPSHOT_EVERY), kind


async def test_a_stream_of_another_kind_is_not_found(processes: tuple[Process, Process]) -> None:
    one, two = processes
    id = await one.send(COMPANY)
    with pytest.raises(NotFound, match="Technician not found"):
        await two.streams.read(Technician, id)


async def test_another_tenants_stream_is_not_found(processes: tuple[Process, Process]) -> None:
    one, _ = processes
    id = await one.send(COMPANY)
    with pytest.raises(NotFound, match="Company not found"):
        await one.bus.send(UpdateCompany(id, {"name": "Mine"}), Envelope("thief", uuid4(), "c-2"))
    await one.bus.send(UpdateCompany(id, {"name": "Agent's"}), Envelope("agent", uuid4(), "c-2", any_owner=True))
    assert (await one.streams.read(Company, id)).owner == OWNER


async def test_a_repeated_command_id_changes_nothing_even_where_it_would_be_refused_now(
    processes: tuple[Process, Process],
) -> None:
    one, two = processes
    id, command_id = await _routing(one), uuid4()
    claim = ClaimRouting(id, "one", timedelta(minutes=1))
    first = await one.bus.send(claim, Envelope("a", OWNER, "c", command_id=command_id))
    await one.send(RecordRoutingSync(id, "st-1"))
    again = await two.bus.send(claim, Envelope("a", OWNER, "c", command_id=command_id))
    assert (first.duplicate, again.duplicate) == (False, True)
    assert (again.first, again.last) == (first.first, first.last)


async def test_a_repeated_idempotency_key_answers_the_first_result(processes: tuple[Process, Process]) -> None:
    one, two = processes
    key = IdempotencyKey(uuid4(), b"hash")
    first = await one.send(COMPANY, idempotency=key)
    assert await two.send(COMPANY, idempotency=key) == first
    with pytest.raises(KeyReused):
        await two.send(COMPANY, idempotency=IdempotencyKey(key.key, b"other"))


async def test_an_erased_subject_is_unreadable_and_gets_no_new_personal_data(
    processes: tuple[Process, Process],
) -> None:
    one, two = processes
    company = await one.send(COMPANY)
    technician = await one.send(RegisterTechnician(company, "Ana Lopez", "ana@example.com", None, {}))
    [before] = await one.store.read_stream(technician)
    await one.send(EraseSubject(technician, "asked for it"))
    again = await one.bus.send(EraseSubject(technician, "asked again"), Envelope("test", OWNER, "c-1"))
    assert again.last == 0
    assert b"Ana" not in before["data"]
    assert (await two.streams.load(Technician, technician, fresh=True)).company_id == company
    rows = await one.store.read(0, 100)
    assert [row["type"] for row in rows].count("SubjectErased") == 1
