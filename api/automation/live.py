"""The web socket, who is connected to it, and what operators tell everybody."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, StringConstraints
from starlette.routing import WebSocketRoute

from api.automation.dialect import CHANNELS
from api.errors import timestamp
from api.live.opening import socket_endpoint
from api.live.running import Live
from api.principal import requires
from api.session import Reading, Writing
from commands.notifications import Announce
from domain.notifications.channels import Severity
from projections.live_updates.fold import live_updates

ChannelName = Literal["jobs", "applications", "recommendations", "skills", "followups", "interviews", "system"]


class ChannelDetail(BaseModel):
    channel: ChannelName
    subscribers: int
    last_event: str | None


class Connections(BaseModel):
    total_connections: int
    unique_users: int
    channels: dict[ChannelName, int]
    channel_details: list[ChannelDetail]


class Broadcast(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {"message": "System maintenance in 5 minutes", "channel": "system", "severity": "warning"}
        }
    )

    message: Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=r"\S")]
    channel: ChannelName = "system"
    severity: Severity = Severity.INFO


class Broadcasted(BaseModel):
    success: Literal[True]
    recipients: int
    channel: ChannelName


def live_router(live: Live) -> APIRouter:
    """/ws, /connections and /broadcast."""
    router = APIRouter(tags=["WebSocket"])
    router.routes.append(WebSocketRoute("/ws", socket_endpoint(live)))
    admin = [Depends(requires("admin"))]

    @router.get("/connections", summary="Get Connection Stats", dependencies=admin)
    async def connections(session: Reading) -> Connections:
        """All processes together. Everybody has the channel `system`."""
        await session.caught_up(live_updates)
        found = await live.presence.everybody()
        last = await session.system.live_updates.last_events()
        return Connections(
            total_connections=found.connections,
            unique_users=len(found.users),
            channels={name: found.channels.get(channel, 0) for name, channel in CHANNELS.items()},
            channel_details=[
                ChannelDetail(
                    channel=name,
                    subscribers=found.channels.get(channel, 0),
                    last_event=timestamp(last[channel]) if channel in last else None,
                )
                for name, channel in CHANNELS.items()
            ],
        )

    @router.post("/broadcast", summary="Broadcast Message", dependencies=admin)
    async def broadcast(said: Broadcast, session: Writing) -> Broadcasted:
        """To everybody who is connected and has the channel; whoever comes back soon is told then."""
        channel = CHANNELS[said.channel]
        await session.send(Announce(said.message, channel, said.severity), live_updates)
        found = await live.presence.everybody()
        return Broadcasted(success=True, recipients=found.channels.get(channel, 0), channel=said.channel)

    return router
