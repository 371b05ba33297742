"""Drives an agent from Kafka, hosted by Faust: one app per agent, begun anew whenever it fails."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from uuid import UUID

import stamina
import structlog
from aiokafka.errors import KafkaError

from infra.event_store import EpochMismatch
from infra.kafka import client_logging
from schemas.codec import Codec
from schemas.recorded import Recorded
from streams import topics
from streams.backoff import Backoff
from streams.ending import ended
from streams.message import NotAnEvent, replayed, to_recorded
from streams.runner import BACKOFF, INFRASTRUCTURE, Runner
from streams.topics import TopicsUnfit

if TYPE_CHECKING:
    from faust.types import TP

    from streams.faust_app import AgentApp

log = structlog.get_logger(__name__)

_WATCH_SECONDS = 0.2
_STOP_SECONDS = 20.0


class AppStopped(Exception):
    """A Faust app ended by itself. Events it had not handled come again in the next one."""


async def run_from_kafka(
    bootstrap: str, prefix: str, runner: Runner, epoch: UUID, codec: Codec, instance_id: str
) -> None:
    """Handle the events of the agent's contexts until cancelled; outlasts outages of the broker and the database.

    `instance_id` is this process's place in the consumer group: the same after a restart, another one in each process.
    Raises `EpochMismatch` when an event comes from another epoch than `epoch`.
    """
    client_logging.calm()
    backoff = Backoff()
    while True:
        hosted = _Hosted(bootstrap, prefix, runner, epoch, codec, instance_id)
        try:
            await hosted.run()
        except EpochMismatch:
            raise
        except (KafkaError, TopicsUnfit, AppStopped, *INFRASTRUCTURE) as error:
            log.warning("agent starts over", agent=runner.name, error=f"{type(error).__name__}: {error}")
        except Exception as error:
            log.error("agent failed and starts over", agent=runner.name, exc_info=error)
        if hosted.delivered:
            backoff.reset()
        await backoff.pause()


class _Hosted:
    """One app's life. Nothing is raised inside Faust: it would take the message in flight for handled."""

    def __init__(
        self, bootstrap: str, prefix: str, runner: Runner, epoch: UUID, codec: Codec, instance_id: str
    ) -> None:
        self._bootstrap, self._prefix, self._instance_id = bootstrap, prefix, instance_id
        self._runner, self._epoch, self._codec = runner, epoch, codec
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.delivered = False

    async def run(self) -> None:
        """Host the agent until its app stops, then raise why."""
        report = await topics.check(self._bootstrap, self._prefix)
        if report.hindrances:
            raise TopicsUnfit("; ".join(report.hindrances))
        with TemporaryDirectory(prefix="jobstream-faust-") as folder:
            app = self._app(Path(folder))
            try:
                await app.start()
                await self._watch(app)
            finally:
                await self._stop(app)

    def _app(self, folder: Path) -> "AgentApp":
        # Late: importing Faust takes a second and 30 MB, and only processes with agents on Kafka need it.
        from streams.faust_app import make_app

        app = make_app(
            f"{self._prefix}{self._runner.name}", self._bootstrap, self._instance_id, folder, self._starting_points
        )
        of_context = topics.event_topics(self._prefix)
        for context in self._runner.agent.contexts:
            name = of_context[context]
            topic = app.topic(name, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")
            app.agent(topic, name=f"{self._runner.name} {context}", isolated_partitions=True)(self._handle)
        app.finalize()
        return app

    async def _starting_points(self, assigned: "Iterable[TP]") -> "dict[TP, int]":
        """Our checkpoints; the beginning where there is none. What Kafka has committed was accepted, not yet done."""
        partitions = list(assigned)
        found: dict[TP, int] = {}
        for topic in {each.topic for each in partitions}:
            async for attempt in stamina.retry_context(on=INFRASTRUCTURE, **BACKOFF):  # type: ignore[arg-type]
                with attempt:
                    checkpoints = await self._runner.load_checkpoints(topic)
            for each in partitions:
                if each.topic == topic:
                    found[each] = checkpoints[each.partition].next_offset if each.partition in checkpoints else 0
        return found

    async def _handle(self, stream: Any) -> None:
        async for event in stream.events():
            try:
                await self._deliver(event.message)
            except Exception as error:  # noqa: BLE001 (raised by `run`, outside of Faust)
                if not self._failed.done():
                    self._failed.set_exception(error)
                await asyncio.Event().wait()  # until the app stops: this message must not count as handled

    async def _deliver(self, message: Any) -> None:
        if replayed(message.headers):
            return
        try:
            event = to_recorded(message.headers, message.value, self._codec.decode)
        except NotAnEvent as error:
            place = f"{message.topic}/{message.partition}@{message.offset}"
            log.error("message is no event", place=place, error=str(error))
            return
        if event.epoch != self._epoch:
            raise EpochMismatch(self._epoch, str(event.epoch))
        try:
            await self._submit(message, event)
        except INFRASTRUCTURE:
            async for attempt in stamina.retry_context(on=INFRASTRUCTURE, **BACKOFF):  # type: ignore[arg-type]
                with attempt:
                    await self._submit(message, event)
        self.delivered = True

    async def _submit(self, message: Any, event: Recorded) -> None:
        if event.type in self._runner.agent.reactions:
            await self._codec.open([event])
        await self._runner.submit(message.topic, message.partition, event, message.offset + 1)

    async def _watch(self, app: "AgentApp") -> None:
        while not (app.crashed or app.should_stop or self._failed.done()):
            await asyncio.wait({self._failed}, timeout=_WATCH_SECONDS)
            self._runner.check()
        if self._failed.done():
            self._failed.result()
        raise AppStopped(f"{app.crash_reason!r}")

    async def _stop(self, app: "AgentApp") -> None:
        if not await ended(app.stop(), _STOP_SECONDS, of="Faust app"):
            log.warning("a Faust app did not stop in time", agent=self._runner.name)
        try:
            await self._runner.drain()
        except INFRASTRUCTURE as error:
            log.warning("checkpoints are not saved", agent=self._runner.name, error=type(error).__name__)
