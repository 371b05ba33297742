"""The wrapped keys of the people that events tell about, as PostgreSQL keeps them."""

from collections.abc import Collection
from uuid import UUID

import asyncpg


class PostgresSubjectKeys:
    """`schemas.keyring.SubjectKeys` over the table `subject_keys`. Rows are written by the event store's append."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def load(self, subjects: Collection[UUID]) -> dict[UUID, bytes | None]:
        rows = await self._pool.fetch(
            "select subject, wrapped from subject_keys where subject = any($1::uuid[])", list(subjects)
        )
        # asyncpg's own UUID class is a subclass of ours.
        return {row["subject"]: row["wrapped"] for row in rows}
