"""The projector is elsewhere, and its events come through Kafka."""

from contextlib import AsyncExitStack
from pathlib import Path

from runtime.parts import Background, kafka_feed, start_projectors, start_relay, store_feed
from runtime.system import open_system
from streams import topics
from tests.running import settings_for
from tests.web_sockets import site


def _failed() -> None:
    raise AssertionError("a part of the system failed")


async def test_a_client_is_told_what_came_through_kafka_to_another_process(
    database: str, tmp_path: Path, kafka: str, topic_prefix: str
) -> None:
    settings = settings_for(database, tmp_path, KAFKA_BOOTSTRAP_SERVERS=kafka, KAFKA_TOPIC_PREFIX=topic_prefix)
    await topics.apply(kafka, topic_prefix)
    async with AsyncExitStack() as stack:
        projecting = await stack.enter_async_context(open_system(settings, database))
        store = await stack.enter_async_context(store_feed(projecting))
        feed = await stack.enter_async_context(kafka_feed(projecting))
        background = await stack.enter_async_context(Background(_failed))
        start_relay(projecting, store, background)
        start_projectors(projecting, feed, background)
        serving = await stack.enter_async_context(open_system(settings, database))
        here = await stack.enter_async_context(site(serving))
        async with here.device() as device:
            for number in range(5):
                await here.broadcast(str(number))
            assert [(await device.next())["data"]["message"] for _ in range(5)] == list("01234")
