"""Our own calendar, as others reach it: a feed that a person subscribes to, and links that show one event.

Neither asks for an API key, for calendar programs and browsers have none: whoever has the address may read.
"""

import hashlib
import hmac
import secrets
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from domain.clock import Clock
from infra.database import Pool

_RENEW = """
insert into calendar_feeds (owner, hash, created_at) values ($1, $2, $3)
on conflict (owner) do update set hash = excluded.hash, created_at = excluded.created_at"""
_OWNER = "select owner from calendar_feeds where hash = $1"


class LocalCalendar:
    """Feeds are opened by a random token, of which only the hash is kept; a link by a code that is its event's own."""

    def __init__(self, pool: Pool, clock: Clock, master_key: bytes) -> None:
        self._pool, self._clock = pool, clock
        # A key of its own: the master key signs nothing.
        self._key = HKDF(SHA256(), 32, salt=None, info=b"jobstream calendar links").derive(master_key)

    async def renew_feed(self, owner: UUID) -> str:
        """A new token of the person's feed. The one before opens nothing any more."""
        token = secrets.token_urlsafe(32)
        await self._pool.execute(_RENEW, owner, _hash(token), self._clock.now())
        return token

    async def owner_of(self, token: str) -> UUID | None:
        """Whose feed the token opens."""
        # asyncpg has a UUID type of its own.
        found = await self._pool.fetchval(_OWNER, _hash(token))
        return None if found is None else UUID(int=found.int)

    def code(self, event_id: UUID) -> str:
        """What a link to this event carries."""
        return hmac.new(self._key, event_id.bytes, hashlib.sha256).hexdigest()[:32]

    def opens(self, event_id: UUID, code: str) -> bool:
        return hmac.compare_digest(self.code(event_id).encode(), code.encode())


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
