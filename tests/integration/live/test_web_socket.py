"""One process, its web socket, and clients that behave or do not."""

import json
import re

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.running import Running, until
from tests.web_sockets import SECONDS, Site

EVERY = ["jobs", "applications", "recommendations", "skills", "followups", "interviews", "system"]


async def test_a_client_is_welcomed_with_its_name_and_channels(here: Site, system: Running) -> None:
    async with here.raw("user_id=user123&channels=jobs,applications") as device:
        welcome = await device.next()
    assert welcome["type"] == "system.connected"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", welcome["timestamp"])
    assert isinstance(welcome["position"], int)
    about = welcome["data"]
    assert about.pop("connection_id").startswith("conn_")
    assert about == {
        "user_id": "user123",
        "channels": ["jobs", "applications"],
        "message": "Connected to WebSocket server",
    }
    assert welcome["epoch"] == str(system.system.store.epoch)


async def test_without_channels_a_client_has_all(here: Site) -> None:
    async with here.raw() as device:
        assert (await device.next())["data"]["channels"] == EVERY


async def test_an_announcement_reaches_every_device_in_order(here: Site) -> None:
    async with here.device("user_id=ann") as phone, here.device("user_id=ann&channels=jobs") as desk:
        for number in range(3):
            await here.broadcast(f"in order {number}", severity="warning")
        for device in (phone, desk):
            heard = [await device.next() for _ in range(3)]
            assert [one["type"] for one in heard] == ["system.broadcast"] * 3
            assert [one["data"] for one in heard] == [
                {"message": f"in order {number}", "severity": "warning", "channel": "system"} for number in range(3)
            ]
            positions = [one["position"] for one in heard]
            assert positions == sorted(set(positions))


async def test_only_subscribers_get_what_is_said_on_a_channel(here: Site) -> None:
    async with here.device("channels=jobs") as jobs, here.device("channels=skills") as skills:
        await here.broadcast("for jobs", channel="jobs")
        await here.broadcast("for all")
        assert (await jobs.next())["data"]["message"] == "for jobs"
        assert (await skills.next())["data"]["message"] == "for all"


async def test_subscribing_and_unsubscribing_take_effect_at_once(here: Site) -> None:
    await here.empty()
    async with here.device("channels=jobs") as device:
        answer = await device.ask(action="subscribe", channel="interviews")
        assert answer["type"] == "system.subscribed"
        assert answer["data"] == {"channel": "interviews", "subscriber_count": 1}
        await here.broadcast("heard", channel="interviews")
        assert (await device.next())["data"]["message"] == "heard"
        answer = await device.ask(action="unsubscribe", channel="interviews")
        assert answer["type"] == "system.unsubscribed"
        assert answer["data"] == {"channel": "interviews", "subscriber_count": 0}
        await here.broadcast("not heard", channel="interviews")
        await here.broadcast("heard too")
        assert (await device.next())["data"]["message"] == "heard too"


async def test_a_ping_is_answered_with_the_position_that_the_client_has(here: Site) -> None:
    async with here.device() as device:
        await here.broadcast("something")
        told = await device.next()
        pong = await device.ask(action="ping")
        assert (pong["type"], pong["data"]) == ("system.pong", {})
        assert pong["position"] == told["position"]


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("not JSON", "bad_message"),
        ('"a text"', "unknown_action"),
        ("[1, 2]", "unknown_action"),
        ("{}", "unknown_action"),
        ('{"action": "dance"}', "unknown_action"),
        ('{"action": ["subscribe"]}', "unknown_action"),
        ('{"action": "subscribe"}', "bad_message"),
        ('{"action": "subscribe", "channel": 7}', "bad_message"),
        ('{"action": "subscribe", "channel": "secrets"}', "unknown_channel"),
        ('{"action": "unsubscribe", "channel": "system"}', "bad_channel"),
        ("[" * 10_000, "bad_message"),
        (b'{"action": "ping"}', "bad_message"),
    ],
)
async def test_what_cannot_be_understood_is_answered_and_the_connection_goes_on(
    here: Site, message: str | bytes, code: str
) -> None:
    async with here.device() as device:
        await device.socket.send(message)
        answer = await device.next()
        assert (answer["type"], answer["data"]["code"]) == ("system.error", code)
        assert (await device.ask(action="ping"))["type"] == "system.pong"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("channels=jobs,secrets", "unknown_channel"),
        (f"user_id={'x' * 129}", "bad_user_id"),
        ("last_position=yesterday", "bad_position"),
        ("last_position=-1", "bad_position"),
        (f"last_position={'0' * 5000}", "bad_position"),
        (f"last_position={'9' * 18}", "bad_position"),
        ("last_position=0&epoch=0192f0c1-0000-7000-8000-0000000000ee", "other_epoch"),
    ],
)
async def test_a_bad_address_is_objected_to_and_the_rest_of_it_counts(here: Site, query: str, code: str) -> None:
    async with here.device(query) as device:
        objection = await device.next()
        assert (objection["type"], objection["data"]["code"]) == ("system.error", code)
        await here.broadcast("all the same")
        assert (await device.next())["data"]["message"] == "all the same"


async def test_a_client_goes_on_in_the_epoch_that_it_was_welcomed_to(here: Site) -> None:
    async with here.raw() as device:
        welcome = await device.next()
    await here.broadcast("meanwhile")
    query = f"last_position={welcome['position']}&epoch={welcome['epoch']}"
    async with here.device(query) as device:
        assert (await device.next())["data"]["message"] == "meanwhile"


async def test_a_message_beyond_the_limit_ends_the_connection(here: Site) -> None:
    async with here.device() as device:
        await device.socket.send(json.dumps({"action": "ping", "padding": "x" * 20_000}))
        assert await device.closed() == 1009


async def test_a_client_that_asks_too_often_waits_and_gets_every_answer(here: Site) -> None:
    async with here.device() as device:
        for _ in range(50):
            await device.socket.send('{"action": "ping"}')
        assert [(await device.next())["type"] for _ in range(50)] == ["system.pong"] * 50


async def test_an_operator_sees_who_is_connected(here: Site) -> None:
    await here.empty()
    async with (
        here.device("user_id=ann&channels=jobs"),
        here.device("user_id=ann&channels=jobs,skills"),
        here.device("user_id=bob"),
    ):
        said = await here.broadcast("hello", channel="skills")
        assert said == {"success": True, "recipients": 2, "channel": "skills"}
        found = (await here.http.get("/connections")).json()
    assert found["total_connections"] == 3
    assert found["unique_users"] == 2
    assert found["channels"] == dict.fromkeys(EVERY, 1) | {"jobs": 3, "skills": 2, "system": 3}
    details = {each["channel"]: each for each in found["channel_details"]}
    assert details["skills"]["subscribers"] == 2
    assert details["skills"]["last_event"].endswith("Z")
    assert details["recommendations"] == {"channel": "recommendations", "subscribers": 1, "last_event": None}
    await here.empty()


async def test_a_foreign_page_may_not_listen_where_no_key_is_asked_for(here: Site) -> None:
    for origin in ("https://evil.example", "null", "http://127.0.0.1.evil.example"):
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"ws://{here.address}/api/v1/ws", proxy=None, origin=origin)  # type: ignore[arg-type]
        assert refused.value.response.status_code == 403
    for origin in ("http://localhost:3000", "chrome-extension://abcdefgh"):
        async with here.device(origin=origin):
            pass


async def test_metrics_count_connections_and_what_was_sent(here: Site) -> None:
    await here.empty()
    async with here.device() as device:
        await here.broadcast("counted")
        await device.next()

        async def counted() -> bool:
            async with httpx.AsyncClient() as client:
                text = (await client.get(f"http://{here.address}/metrics")).text
            figures = dict(line.rsplit(" ", 1) for line in text.splitlines() if line.startswith("websocket_"))
            return float(figures["websocket_connections"]) == 1 and float(figures["websocket_envelopes_total"]) >= 1

        await until(counted, SECONDS)
