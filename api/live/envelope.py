"""What goes over a web socket: one JSON object a message."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from api.errors import timestamp
from domain.notifications.channels import Channel
from projections.live_updates.queries import LiveUpdate


def written(type: str, data: Mapping[str, Any], at: datetime, position: int, **beside: str) -> str:
    """The text of an envelope. Whoever comes back with `position` is told what came after it."""
    envelope = {"type": type, "data": data, "timestamp": timestamp(at), "position": position, **beside}
    return orjson.dumps(envelope).decode()


@dataclass(frozen=True, slots=True)
class Envelope:
    """An update in a product's words, written once for all who get it."""

    position: int
    channel: str
    text: str


@dataclass(frozen=True, slots=True)
class Dialect:
    """A product's names of the channels, and its type and data of an update."""

    channels: Mapping[str, Channel]
    spoken: Callable[[LiveUpdate], tuple[str, Mapping[str, Any]]]

    def envelope(self, update: LiveUpdate) -> Envelope:
        type, data = self.spoken(update)
        return Envelope(update.position, update.channel, written(type, data, update.occurred_at, update.position))
