"""What the simulated Google remembers: one account with one calendar."""

import base64
import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

OWNER = "test.user@gmail.com"
TOKEN_SECONDS = 3599


@dataclass(slots=True)
class Kept:
    """An event as it was sent, and what Google adds."""

    id: str
    sent: dict[str, Any]
    created: datetime
    updated: datetime
    sequence: int = 0

    @property
    def cancelled(self) -> bool:
        return self.sent.get("status") == "cancelled"

    @property
    def etag(self) -> str:
        """Google's is twice the time of the last change in microseconds, quoted."""
        return f'"{int(self.updated.timestamp() * 1_000_000) * 2}"'

    def answer(self, page: str) -> dict[str, Any]:
        who = {"email": OWNER, "self": True}
        given = {name: value for name, value in self.sent.items() if value is not None}
        return {
            "kind": "calendar#event",
            "etag": self.etag,
            "id": self.id,
            "status": "confirmed",
            "htmlLink": f"{page}?eid={eid(self.id)}",
            "created": _milliseconds(self.created),
            "updated": _milliseconds(self.updated),
            "creator": who,
            "organizer": who,
            "iCalUID": f"{self.id}@google.com",
            "sequence": self.sequence,
            "eventType": "default",
            **given,
        }


@dataclass(slots=True)
class State:
    """In memory: a simulator that starts is empty, and knows nobody's token."""

    events: dict[str, Kept] = field(default_factory=dict)
    codes: set[str] = field(default_factory=set)
    refresh_tokens: set[str] = field(default_factory=set)
    access_tokens: dict[str, float] = field(default_factory=dict)
    expire_next_token: float | None = None

    def access_token(self) -> tuple[str, float]:
        life = TOKEN_SECONDS if self.expire_next_token is None else self.expire_next_token
        self.expire_next_token = None
        token = f"ya29.{secrets.token_urlsafe(24)}"
        self.access_tokens[token] = time.monotonic() + life
        return token, life

    def accepts(self, token: str) -> bool:
        return time.monotonic() < self.access_tokens.get(token, 0.0)

    def insert(self, id: str, sent: dict[str, Any]) -> Kept:
        now = datetime.now(UTC)
        self.events[id] = Kept(id, sent, now, now)
        return self.events[id]

    def change(self, event: Kept, changes: dict[str, Any]) -> None:
        event.sent = {**event.sent, **changes}
        event.updated = max(datetime.now(UTC), event.updated)
        event.sequence += 1

    def clear(self) -> None:
        """Forgets the events, not who is signed in."""
        self.events.clear()
        self.expire_next_token = None


def eid(id: str) -> str:
    """Google's links carry event and calendar, in base64 without its padding and with `@m` for `@gmail.com`."""
    return base64.urlsafe_b64encode(f"{id} {OWNER.replace('@gmail.com', '@m')}".encode()).decode().rstrip("=")


def _milliseconds(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
