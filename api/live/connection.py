"""One web socket: a welcome, what the client asks, and what happens, from the position on that the client names."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from api.errors import Rejected
from api.live.envelope import Envelope, written
from api.live.hub import RETRY_SECONDS, Subscriber
from api.live.running import Live
from domain.clock import Clock
from domain.notifications.channels import Channel
from infra import telemetry
from infra.database_errors import DATABASE_ERRORS

log = structlog.get_logger(__name__)

MESSAGES_PER_SECOND = 20  # more are answered too, but only in the next second
AUTHORISED_SECONDS = 30.0  # how long a connection may outlast its key
NOT_AUTHORISED, FAILED = 1008, 1011  # RFC 6455, 7.4.1
_BREATH = 5  # envelopes sent between two turns of the event loop


@dataclass(frozen=True, slots=True)
class Introduction:
    """Who is connected by what name to which epoch of the log, and what there is to object to in how they asked."""

    connection_id: str
    user_id: str
    channels: Sequence[str]
    epoch: str
    objections: Sequence[Mapping[str, str]]


class Connection:
    """Speaks with one client until either side ends it. `position`: everything up to there was sent or not wanted."""

    def __init__(self, socket: WebSocket, live: Live, clock: Clock, subscriber: Subscriber, position: int) -> None:
        self._socket, self._live, self._clock = socket, live, clock
        self._subscriber, self._position = subscriber, position
        self._second, self._messages = 0, 0

    async def run(self, introduction: Introduction) -> None:
        """The client is accepted already."""
        try:
            await self._welcome(introduction)
        except WebSocketDisconnect:
            return
        delivering = asyncio.create_task(self._deliver())
        try:
            await self._listen()
        finally:
            delivering.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await delivering

    async def _welcome(self, introduction: Introduction) -> None:
        about = {
            "connection_id": introduction.connection_id,
            "user_id": introduction.user_id,
            "channels": introduction.channels,
            "message": "Connected to WebSocket server",
        }
        await self._say("system.connected", about, epoch=introduction.epoch)
        for objection in introduction.objections:
            await self._say("system.error", objection)

    async def _say(self, type: str, data: Mapping[str, Any], **beside: str) -> None:
        await self._socket.send_text(written(type, data, self._clock.now(), self._position, **beside))

    async def _listen(self) -> None:
        """Answer until the connection ends."""
        while (message := await self._socket.receive())["type"] != "websocket.disconnect":
            try:
                await self._say(*self._answer(message.get("text")))
            except WebSocketDisconnect:
                return
            await self._pace()

    async def _pace(self) -> None:
        # Not reading is enough: the client's own sending then stops it.
        loop = asyncio.get_running_loop()
        second = int(loop.time())
        self._messages = self._messages + 1 if second == self._second else 1
        self._second = second
        if self._messages >= MESSAGES_PER_SECOND:
            await asyncio.sleep(second + 1 - loop.time())

    def _answer(self, text: str | None) -> tuple[str, Mapping[str, Any]]:
        try:
            asked = orjson.loads(text or "")
        except orjson.JSONDecodeError:
            return "system.error", problem("bad_message", "A message is one JSON object, sent as text.")
        match asked:
            case {"action": "ping"}:
                return "system.pong", {}
            case {"action": "subscribe" | "unsubscribe" as action, "channel": str(name)}:
                channel = self._live.hub.dialect.channels.get(name)
                if channel is None:
                    return "system.error", unknown_channel(self._live.hub.dialect.channels)
                return self._change(action, name, channel)
            case {"action": "subscribe" | "unsubscribe"}:
                return "system.error", problem("bad_message", 'Name a channel: {"action": …, "channel": …}.')
        return "system.error", problem("unknown_action", "The actions are subscribe, unsubscribe and ping.")

    def _change(self, action: str, name: str, channel: Channel) -> tuple[str, Mapping[str, Any]]:
        if action == "subscribe":
            self._subscriber.channels.add(channel)
        elif channel is Channel.SYSTEM:
            return "system.error", problem("bad_channel", "Whoever is connected has the channel of system messages.")
        else:
            self._subscriber.channels.discard(channel)
        self._live.hub.census_changed.set()
        return f"system.{action}d", {"channel": name, "subscriber_count": self._live.presence.subscribers(channel)}

    async def _deliver(self) -> None:
        """Send what follows, for as long as the client may have it."""
        try:
            await self._follow()
        except (WebSocketDisconnect, RuntimeError):
            # The latter is the server's word for a socket that it is closing itself; `_listen` hears of both.
            return
        except Exception:
            log.exception("a web socket failed")
            await self._socket.close(FAILED)

    async def _follow(self) -> None:
        loop, news = asyncio.get_running_loop(), self._subscriber.news
        check_at = loop.time() + AUTHORISED_SECONDS
        while True:
            await self._catch_up()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(check_at):
                    await news.wait()
            news.clear()
            if loop.time() >= check_at:
                check_at = loop.time() + AUTHORISED_SECONDS
                if not await self._authorised():
                    await self._socket.close(NOT_AUTHORISED, "The API key is no longer valid")
                    return

    async def _authorised(self) -> bool:
        try:
            await self._live.authentication.principal(self._socket.scope)
        except Rejected:
            return False
        return True

    async def _catch_up(self) -> None:
        while True:
            try:
                found = await self._live.hub.following(self._subscriber.audience, self._position)
            except DATABASE_ERRORS as error:
                log.warning("a web socket waits", error=type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if found.until == self._position:
                return
            await self._send(found.envelopes)
            self._position = found.until
            if found.lost:
                await self._say("system.missed", {"message": "Older updates are kept no more: please load anew."})

    async def _send(self, envelopes: Sequence[Envelope]) -> None:
        sent = 0
        for number, envelope in enumerate(envelopes, 1):
            if envelope.channel in self._subscriber.channels:
                await self._socket.send_text(envelope.text)
                sent += 1
            self._position = envelope.position
            if number % _BREATH == 0:
                await asyncio.sleep(0)
        telemetry.LIVE_ENVELOPES.inc(sent)


def unknown_channel(channels: Mapping[str, Channel]) -> Mapping[str, str]:
    return problem("unknown_channel", f"The channels are {', '.join(channels)}.")


def problem(code: str, message: str) -> Mapping[str, str]:
    """The data of a `system.error`."""
    return {"code": code, "message": message}
