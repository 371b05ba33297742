"""A subscriber that has nothing of ours but docs/events.md: its code, Confluent's client, and an API key."""

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from uuid import uuid4

import pytest

from api.composition import compose
from cli.serving import serve_http
from infra.api_keys import ApiKeys
from runtime.parts import Background, start_relay, store_feed
from runtime.system import System
from schemas.registry import Registry
from streams import topics
from tests.integration.subscribers.everything import Everything
from tests.running import running

PAGE = (Path(__file__).parents[3] / "docs" / "events.md").read_text()
CODE = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
assert CODE is not None
SUBSCRIBER: dict[str, Any] = {}
exec(CODE[1], SUBSCRIBER)

Message = tuple[dict[str, str], dict[str, Any]]


@asynccontextmanager
async def relayed(system: System) -> AsyncIterator[None]:
    def failed() -> None:
        raise AssertionError("the relay failed")

    async with store_feed(system) as feed, Background(failed) as background:
        start_relay(system, feed, background)
        yield


@asynccontextmanager
async def served(system: System) -> AsyncIterator[str]:
    """The address of the whole HTTP interface."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    ready, stop = asyncio.Event(), asyncio.Event()
    async with compose(system) as app:
        serving = asyncio.create_task(serve_http(app, "127.0.0.1", port, stop, ready.set))
        await asyncio.wait_for(ready.wait(), 60)
        yield f"http://127.0.0.1:{port}"
        stop.set()
        await serving


async def consumed(brokers: str, jobstream: str, prefix: str, count: int) -> list[Message]:
    """As the page does it, in a thread: Confluent's clients block."""
    names = list(topics.event_topics(prefix).values())
    messages = SUBSCRIBER["events"](brokers, jobstream, names, f"subscriber-{uuid4()}")
    return await asyncio.to_thread(lambda: list(islice(messages, count)))


@pytest.fixture
async def system(database: str, tmp_path: Path, kafka: str, topic_prefix: str) -> AsyncIterator[System]:
    await topics.apply(kafka, topic_prefix)
    settings = {"KAFKA_BOOTSTRAP_SERVERS": kafka, "KAFKA_TOPIC_PREFIX": topic_prefix, "AUTH": "enforced"}
    async with running(database, tmp_path, agents=False, timers=False, **settings) as found, relayed(found.system):
        yield found.system


async def test_a_subscriber_decodes_every_event_and_opens_what_it_has_the_key_for(
    system: System, kafka: str, topic_prefix: str
) -> None:
    everything = await Everything.happens(system)
    head = await system.store.head()
    _, reader = await ApiKeys(system.database.pool, system.clock).create("subscriber", ["keys:read"], uuid4())
    async with served(system) as jobstream:
        messages = await consumed(kafka, jobstream, topic_prefix, head)
        assert {headers["ce_type"] for headers, _ in messages} == set(Registry().types)
        assert sorted(int(headers["jobstream_position"]) for headers, _ in messages) == list(range(1, head + 1))

        [job] = [fields for headers, fields in messages if headers["ce_subject"] == str(everything.job_id)][:1]
        assert job["street"].startswith("enc:1:")
        key = await asyncio.to_thread(SUBSCRIBER["subject_key"], jobstream, everything.job_id, reader)
        type_ = "dispatch.ServiceJobCreated"
        assert SUBSCRIBER["opened"](job["street"], key, type_, "street", everything.job_id) == everything.street

        with pytest.raises(HTTPError, match="410"):
            await asyncio.to_thread(SUBSCRIBER["subject_key"], jobstream, everything.erased_id, reader)
        with pytest.raises(HTTPError, match="401"):
            await asyncio.to_thread(SUBSCRIBER["subject_key"], jobstream, everything.job_id, "nobody")


async def test_nothing_personal_is_in_clear_anywhere_in_a_message(
    system: System, kafka: str, topic_prefix: str
) -> None:
    everything = await Everything.happens(system)
    head = await system.store.head()
    async with served(system) as jobstream:
        messages = await consumed(kafka, jobstream, topic_prefix, head)
    for headers, fields in messages:
        said = json.dumps([headers, fields], default=str)
        assert not [value for value in everything.personal if value in said], headers["ce_type"]


async def test_a_message_has_the_headers_that_the_page_lists(system: System, kafka: str, topic_prefix: str) -> None:
    await Everything.happens(system)
    async with served(system) as jobstream:
        messages = await consumed(kafka, jobstream, topic_prefix, await system.store.head())
    listed = set(re.findall(r"^\| `([a-z_-]+)` \|", PAGE.split("## A message")[1].split("\n## ")[0], re.MULTILINE))
    assert {name for headers, _ in messages for name in headers} == listed - {"jobstream_replay"}
