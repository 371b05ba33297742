"""What the roles start: projectors, agents, timers; and who notices when one of them fails."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Self

import structlog

from infra.append import OperatorNeeded
from infra.event_store import CHANNEL
from infra.settings import BadSettings, Settings
from projections.applications.fold import applications
from projections.calendar.fold import calendar
from projections.companies.fold import companies
from projections.deadlines.queries import DueDeadlines
from projections.projector import Projector, State
from projections.service_jobs.fold import service_jobs
from projections.session import Session
from runtime.system import READ_MODELS, System
from streams.agent import Agent
from streams.agents.calendar_planning import CalendarPlanning
from streams.agents.calendar_sync import CalendarSync
from streams.agents.follow_up_mail import FollowUpMail
from streams.agents.follow_ups import FollowUpPolicy
from streams.agents.job_processing import job_processing
from streams.agents.matching import matching
from streams.agents.pos_completion import CompletionPoll
from streams.agents.pos_sync import PosSync
from streams.agents.withdrawal import withdrawal
from streams.deadlines import Ticker
from streams.feeds import Feed, StoreFeed
from streams.parking import Parking
from streams.redrive import Redrive
from streams.runner import Runner
from streams.store_runner import run_from_store

if TYPE_CHECKING:  # imported where a role speaks to Kafka: its client is no part of the embedded system
    from streams.kafka_feed import KafkaFeed
    from streams.relay import Relay

log = structlog.get_logger(__name__)


def worker_name() -> str:
    """Which process an event speaks of."""
    return f"{socket.gethostname()}/{os.getpid()}"


def agents(system: System) -> Sequence[Agent]:
    """Every agent of the system."""
    pos_sync = PosSync(system.streams, system.providers, system.vault, system.clock, worker_name())
    asked, folded = system.applications, partial(system.folded, applications)
    return (
        matching(system.service_jobs, partial(_folded_for_matching, system)),
        pos_sync.agent(),
        job_processing(),
        withdrawal(asked.jobs, folded),
        FollowUpPolicy(asked.follow_ups, folded).agent(),
        *_calendar_agents(system),
        _mail(system),
    )


async def _folded_for_matching(system: System, position: int) -> None:
    # Be they stopped for a while: a company that joined meanwhile would find none of the jobs that wait for it.
    for model in (companies, service_jobs):
        await system.folded(model, position)


def _calendar_agents(system: System) -> Iterator[Agent]:
    yield CalendarPlanning(system.calendar, partial(system.folded, calendar)).agent()
    # Our own calendar has every event already. One that is connected later learns of all that is still to come.
    if system.calendar_provider is not None:
        yield CalendarSync(system.streams, system.calendar_provider, worker_name()).agent()


def _mail(system: System) -> Agent:
    settings = system.settings
    return FollowUpMail(
        streams=system.streams,
        interviews=system.applications.interviews,
        reached=partial(system.folded, applications),
        mail=system.mail,
        clock=system.clock,
        sender=settings.mail_from,
        own_address=settings.mail_to or settings.mail_from,
        worker=worker_name(),
    ).agent()


def runners(system: System) -> Sequence[Runner]:
    return [Runner(agent, system.bus, system.database.pool) for agent in agents(system)]


def redrives(system: System) -> dict[str, Redrive]:
    """Of every agent by name."""
    return {
        runner.name: Redrive(runner, system.store, system.codec, Parking(system.database.pool, runner.name))
        for runner in runners(system)
    }


@asynccontextmanager
async def store_feed(system: System) -> AsyncIterator[StoreFeed]:
    """The event store's own feed."""
    async with StoreFeed(system.store, system.codec) as feed:
        forget = system.database.listen(CHANNEL, feed.heard)
        system.store.on_append(feed.hint)
        try:
            yield feed
        finally:
            forget()


@asynccontextmanager
async def kafka_feed(system: System) -> AsyncIterator["KafkaFeed"]:
    """The log as Kafka has it; what Kafka is past comes from the store."""
    from streams.kafka_feed import KafkaFeed

    settings = system.settings
    async with (
        store_feed(system) as store,
        KafkaFeed(
            kafka(settings), settings.kafka_topic_prefix, system.store.epoch, system.codec, store, system.store.head
        ) as feed,
    ):
        yield feed


def kafka(settings: Settings) -> str:
    """The brokers. Raises `BadSettings` when there are none."""
    if settings.kafka_bootstrap_servers is None:
        raise BadSettings("KAFKA_BOOTSTRAP_SERVERS is not set")
    return settings.kafka_bootstrap_servers


class Background:
    """Long-running parts. One that ends by itself has a defect: `failed` is called, and the process should stop."""

    def __init__(self, failed: Callable[[], None]) -> None:
        self._failed = failed
        self._tasks: list[asyncio.Task[None]] = []
        self._endings: list[Callable[[], Awaitable[None]]] = []

    def start(self, name: str, part: Awaitable[object]) -> None:
        self._tasks.append(asyncio.create_task(self._run(name, part), name=name))

    def at_end(self, ending: Callable[[], Awaitable[None]]) -> None:
        """Await `ending` once all parts have ended."""
        self._endings.append(ending)

    async def _run(self, name: str, part: Awaitable[object]) -> None:
        try:
            await part
        except OperatorNeeded as needed:
            log.critical("a part of the system halts", part=name, reason=str(needed))
        except Exception as error:
            log.critical("a part of the system failed", part=name, exc_info=error)
        else:
            log.critical("a part of the system ended", part=name)
        self._failed()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """End all, the latest first, and wait for it."""
        for task in reversed(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for ending in self._endings:
            await ending()


def start_projectors(system: System, feed: Feed, background: Background) -> Sequence[Projector]:
    """Keep all read models up to date from a feed."""
    session = Session(system.database.dsn)
    background.at_end(session.close)
    projectors = [Projector(session, feed, model, system.positions, system.store.epoch) for model in READ_MODELS]
    for projector, model in zip(projectors, READ_MODELS, strict=True):
        background.start(f"projector {model.name}", projector.run())
    return projectors


def start_agents(system: System, feed: Feed, background: Background) -> Sequence[Runner]:
    """Run all agents from the store's feed."""
    started = runners(system)
    for runner in started:
        background.start(f"agent {runner.name}", run_from_store(system.database.dsn, runner, feed))
    return started


def start_timers(system: System, background: Background) -> None:
    """What the passing of time causes: deadlines, and asking the providers."""
    ticker = Ticker(system.bus, DueDeadlines(system.database.pool), system.clock)
    poll = CompletionPoll(system.bus, system.streams, system.routings, system.providers, system.vault, system.clock)
    background.start("ticker", ticker.run(system.database.dsn))
    background.start("pos poll", poll.run(system.settings.pos_poll_seconds))


def start_relay(system: System, feed: Feed, background: Background) -> "Relay":
    """Carry the store's events into Kafka; `feed` says when there are new ones."""
    from streams.relay import Relay

    settings = system.settings
    relay = Relay(system.store, feed.wait, system.database.dsn, kafka(settings), settings.kafka_topic_prefix)
    background.start("relay", relay.run())
    return relay


def start_kafka_agents(system: System, background: Background) -> Sequence[Runner]:
    """Run all agents on Faust, each in an app and a consumer group of its own."""
    from streams.kafka_runner import run_from_kafka

    settings, started = system.settings, runners(system)
    for runner in started:
        part = run_from_kafka(
            kafka(settings),
            settings.kafka_topic_prefix,
            runner,
            system.store.epoch,
            system.codec,
            settings.kafka_instance_id,
        )
        background.start(f"agent {runner.name}", part)
    return started


def report(projectors: Sequence[Projector]) -> Mapping[str, object]:
    """How the projectors do, for an operator."""
    found = {status.model: status for status in (projector.status() for projector in projectors)}
    well = all(status.state in (State.RUNNING, State.STANDBY) for status in found.values())
    described = {
        name: {"state": status.state, "position": status.position, "error": status.error}
        for name, status in found.items()
    }
    return {"status": "healthy" if well else "degraded", "read_models": described}
