"""Faust as a host of agents, with a transport that loses nothing. Importing this imports Faust: do it late.

Faust's own transport delivers aborted messages, and its commits stall on transaction markers and can hang while the
broker is away. This one reads committed messages only and starts each partition where our own checkpoint says; what
Kafka knows of the group's progress only informs. That makes Faust's tracking of gaps unnecessary: each partition has
one actor, which acknowledges in order.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import faust
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from mode.threads import ServiceThread, WorkerThread

StartingPoints = Callable[[Iterable[TP]], Awaitable[dict[TP, int]]]

logger = logging.getLogger(__name__)

_FETCH_WAIT_MS = 500  # Faust hard-codes 1500
_COMMIT_SECONDS = 3.0
_STOP_SECONDS = 5.0

# `stream_wait_empty`, the leader topic, declared topics, the web server and tables are what we do not use. The session
# is long because membership is static: a restarted process has its partitions back at once.
_SETTINGS: dict[str, Any] = {
    "topic_disable_leader": True,
    "topic_allow_declare": False,
    "web_enabled": False,
    "stream_wait_empty": False,
    "consumer_auto_offset_reset": "earliest",
    "table_standby_replicas": 0,
    "broker_session_timeout": 45,
    "broker_heartbeat_interval": 3,
    "stream_buffer_maxsize": 256,
    "broker_max_poll_records": 500,
    "store": "memory://",
}


class AgentApp(faust.App):
    """A Faust app that begins where `starting_points` says."""

    starting_points: StartingPoints


class LeavableThread(WorkerThread):
    """One that does not keep the process: an app that did not stop in time is left, and its thread with it."""

    def __init__(self, service: ServiceThread, **options: Any) -> None:
        super().__init__(service, **options)
        self.daemon = True


class CommittedThread(driver.AIOKafkaConsumerThread):
    """Reads committed messages only, and never waits for an absent broker without end."""

    Worker = LeavableThread

    def _create_worker_consumer(self, transport: driver.Transport) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"  # used by start(), when it makes its fetcher
        consumer._fetch_max_wait_ms = _FETCH_WAIT_MS
        return consumer

    async def on_thread_stop(self) -> None:
        # While the broker is away, aiokafka's fetcher lets a cancellation escape; it would end this thread before it
        # reports its end, and app.stop() would wait for ever.
        try:
            await asyncio.wait_for(super().on_thread_stop(), _STOP_SECONDS)
        except (asyncio.CancelledError, TimeoutError, KafkaError) as error:
            logger.info("the consumer of an agent did not stop cleanly: %s", type(error).__name__)

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        try:
            return bool(await asyncio.wait_for(super()._commit(offsets), _COMMIT_SECONDS))
        except TimeoutError:
            return False  # the next commit says it all again


class CheckpointConsumer(driver.Consumer):
    """Starts where our checkpoints say, and commits the highest acknowledged offset."""

    app: AgentApp

    def _new_consumer_thread(self) -> CommittedThread:
        return CommittedThread(self, loop=self.loop, beacon=self.beacon)

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        return None

    def _new_offset(self, tp: TP) -> int | None:
        acked = self._acked[tp]
        if not acked:
            return None
        offset = int(max(acked)) + 1
        acked.clear()
        self._acked_index[tp].clear()
        return offset

    async def seek_to_committed(self) -> Mapping[TP, int]:
        # The last step of every assignment before messages flow; a seek before it could be overwritten.
        offsets = dict(await super().seek_to_committed())
        ours = await self.app.starting_points(self.assignment())
        await self._thread.seek_wait(ours)
        return offsets | ours


class CheckpointTransport(driver.Transport):
    Consumer: ClassVar[type[CheckpointConsumer]] = CheckpointConsumer


def make_app(group: str, bootstrap: str, instance_id: str, folder: Path, starting_points: StartingPoints) -> AgentApp:
    """An app of consumer group `group`, with a static member `instance_id`. `folder` is for what Faust writes."""
    brokers = ";".join(f"kafka://{address}" for address in bootstrap.split(","))
    app = AgentApp(group, broker=brokers, datadir=str(folder), consumer_group_instance_id=instance_id, **_SETTINGS)
    app.starting_points = starting_points
    app.transport = CheckpointTransport(app.conf.broker_consumer, app)
    for name in ("faust", "mode", __name__):  # their INFO, and our services', tells of every start and stop
        logging.getLogger(name).setLevel(logging.WARNING)
    return app
