"""API keys: made once and shown once, kept as a hash, checked in constant time, revoked within seconds."""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

import asyncpg

from domain.clock import Clock

SCOPES = frozenset({"read", "write", "admin", "keys:read"})
REMEMBERED = 5.0  # seconds that a verified key is believed without asking the database: the delay of a revocation
MOST_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class ApiKey:
    id: UUID
    name: str
    scopes: frozenset[str]
    owner: UUID
    created_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class VerifiedKey:
    id: UUID
    owner: UUID
    scopes: frozenset[str]


class ApiKeys:
    """The table of keys.

    Only SHA-256 of the secret is kept. A slow password hash would buy nothing: the secret has 256 random bits, which
    cannot be guessed at any speed, and every request would pay for it.
    """

    def __init__(
        self, pool: "asyncpg.Pool[asyncpg.Record]", clock: Clock, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._pool, self._clock, self._monotonic = pool, clock, monotonic
        self._verified: dict[bytes, tuple[VerifiedKey, float]] = {}

    async def create(self, name: str, scopes: Iterable[str], owner: UUID) -> tuple[ApiKey, str]:
        """The new key and its text `js_<id>_<secret>`, which cannot be had again. Raises ValueError on bad scopes."""
        granted = frozenset(scopes)
        if not granted or granted - SCOPES:
            raise ValueError(f"scopes are some of {', '.join(sorted(SCOPES))}")
        id, secret, now = uuid4(), secrets.token_urlsafe(32), self._clock.now()
        await self._pool.execute(
            "insert into api_keys (id, name, hash, scopes, owner, created_at) values ($1, $2, $3, $4, $5, $6)",
            id, name, _hash(secret), sorted(granted), owner, now,
        )  # fmt: skip
        return ApiKey(id, name, granted, owner, now, None, None), f"js_{id.hex}_{secret}"

    async def list(self) -> Sequence[ApiKey]:
        """All keys, revoked ones included, the oldest first."""
        rows = await self._pool.fetch(
            "select id, name, scopes, owner, created_at, revoked_at, last_used_at from api_keys order by created_at, id"
        )
        return [
            ApiKey(row["id"], row["name"], frozenset(row["scopes"]), row["owner"], row["created_at"],
                   row["revoked_at"], row["last_used_at"])
            for row in rows
        ]  # fmt: skip

    async def revoke(self, id: UUID) -> bool:
        """Whether there was such a key in force. Other processes stop believing it within `REMEMBERED` seconds."""
        changed = await self._pool.execute(
            "update api_keys set revoked_at = $2 where id = $1 and revoked_at is null", id, self._clock.now()
        )
        self._verified = {hashed: entry for hashed, entry in self._verified.items() if entry[0].id != id}
        return changed == "UPDATE 1"

    async def verify(self, text: str) -> VerifiedKey | None:
        """The key behind `text`, or None when it is malformed, unknown or revoked."""
        remembered = self._verified.get(whole := _hash(text))
        if remembered is not None and self._monotonic() < remembered[1]:
            return remembered[0]
        parts = text.split("_", 2)
        if len(parts) != 3 or parts[0] != "js":
            return None
        try:
            id = UUID(hex=parts[1])
        except ValueError:
            return None
        verified = await self._check(id, parts[2])
        self._remember(whole, verified)
        return verified

    async def _check(self, id: UUID, secret: str) -> VerifiedKey | None:
        row = await self._pool.fetchrow(
            "select id, hash, scopes, owner from api_keys where id = $1 and revoked_at is null", id
        )
        if row is None or not hmac.compare_digest(row["hash"], _hash(secret)):
            return None
        await self._pool.execute("update api_keys set last_used_at = $2 where id = $1", id, self._clock.now())
        return VerifiedKey(row["id"], row["owner"], frozenset(row["scopes"]))

    def _remember(self, whole: bytes, verified: VerifiedKey | None) -> None:
        self._verified.pop(whole, None)
        if verified is None:
            return
        if len(self._verified) >= MOST_REMEMBERED:
            self._verified.clear()
        # By the hash of the whole text: no key lies in memory, and a look-up by hash reveals nothing about it.
        self._verified[whole] = (verified, self._monotonic() + REMEMBERED)


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
