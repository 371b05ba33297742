"""The embedded point of sale, failing on purpose: how, a job's summary says."""

from collections import Counter
from datetime import datetime
from uuid import UUID

from infra.outbound import Ambiguous, Refused, Unavailable
from infra.pos.credentials import Credentials
from infra.pos.mock import MockProvider
from infra.pos.provider import ExternalJob, WorkOrder

REFUSED, UNAVAILABLE, UNHEARD, DEFECT = "Refused", "Unavailable at first", "Created but not heard of", "A defect"


class FailingProvider:
    """Does what the real one does, less what it was told to fail at. `defective` until it is mended."""

    name = MockProvider.name

    def __init__(self, real: MockProvider) -> None:
        self._real = real
        self._asked: Counter[UUID] = Counter()
        self.create_seconds = real.create_seconds
        self.defective = True

    async def find(self, credentials: Credentials | None, routing_id: UUID) -> list[ExternalJob]:
        return await self._real.find(credentials, routing_id)

    async def create(self, credentials: Credentials | None, order: WorkOrder) -> ExternalJob:
        self._asked[order.routing_id] += 1
        first = self._asked[order.routing_id] <= 2
        match order.summary:
            case summary if summary == REFUSED:
                raise Refused("mock: refused on purpose")
            case summary if summary == UNAVAILABLE and first:
                raise Unavailable("mock: away on purpose")
            case summary if summary == UNHEARD and first:
                await self._real.create(credentials, order)
                raise Ambiguous("mock: created, and no answer on purpose")
            case summary if summary == DEFECT and self.defective:
                raise LookupError("a defect on purpose")
        return await self._real.create(credentials, order)

    async def cancel(self, credentials: Credentials | None, external_id: str) -> None:
        await self._real.cancel(credentials, external_id)

    async def completed_since(self, credentials: Credentials | None, since: datetime) -> list[ExternalJob]:
        return await self._real.completed_since(credentials, since)

    async def health(self) -> str:
        return await self._real.health()
