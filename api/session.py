"""One request's way into the system: commands go out as the caller's, and reads show what the caller wrote."""

from collections.abc import Awaitable
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, TypeVar
from uuid import UUID, uuid4

import orjson
from fastapi import Depends, Request, Response

from api.consistency import ConsistencyToken, announce, check_epoch, consistency
from api.consistency import Presented as PresentedToken
from api.errors import Problem, Rejected
from api.idempotency import Presented as PresentedKey
from api.idempotency import idempotency
from api.principal import Principal, principal
from commands.bus import Envelope, IdempotencyKey, Outcome, Unavailable
from domain.errors import NotFound
from infra import telemetry
from projections.read_model import ReadModel
from runtime.system import System

T = TypeVar("T")

# How long an answer waits for the read models. Beyond it the answer to a command is still right, and a later read may
# be behind; a read that asked for a token is told so.
WAIT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Session:
    """The caller, the system, and what the answer has to carry.

    In a `personal` product everybody sees and changes their own things only, administrators too.
    """

    system: System
    caller: Principal
    response: Response
    token: ConsistencyToken | None
    idempotency: IdempotencyKey | None = None
    personal: bool = False

    @property
    def owner(self) -> UUID | None:
        """The tenant whose things the caller sees; None for an administrator, who sees everybody's."""
        return None if "admin" in self.caller.scopes and not self.personal else self.caller.owner

    @property
    def person(self) -> UUID:
        """Whose things a personal product shows."""
        return self.caller.owner

    async def send(self, command: Any, *shown_by: ReadModel) -> Outcome:
        """Carry out a command and wait until the read models that show its effects have it."""
        envelope = Envelope(
            actor=self.caller.actor,
            owner=self.caller.owner,
            correlation_id=telemetry.correlation_id.get() or str(uuid4()),
            traceparent=telemetry.traceparent(),
            idempotency=self.idempotency,
            any_owner=self.owner is None,
        )
        outcome = await self.system.bus.send(command, envelope)
        if outcome.last:
            await self.system.positions.reached(shown_by, outcome.last, WAIT_SECONDS)
            announce(self.response, self.system.store.epoch, outcome.last)
        return outcome

    def answer(self, content: Any, status: int = 200) -> Response:
        """`content` as JSON. What comes from our own tables is not validated again; times are in UTC, with a `Z`."""
        answer = Response(orjson.dumps(content, _decimal, orjson.OPT_UTC_Z), status, media_type="application/json")
        answer.raw_headers.extend(self.response.raw_headers)
        return answer

    def nothing(self) -> Response:
        """No content."""
        return Response(status_code=204, headers=dict(self.response.headers))

    async def repeated(self, shown: Awaitable[T]) -> T:
        """The answer to a request that was carried out before: what it made, as it is shown.

        Raises `Unavailable` while the read models do not show it yet: it is there, so it must not be called unknown.
        """
        try:
            return await shown
        except NotFound:
            raise Unavailable("the read models do not show yet what the first request made") from None

    async def caught_up(self, *models: ReadModel) -> None:
        """Wait for the Consistency-Token that the request brought. Raises `Rejected` (503) when it takes too long."""
        if self.token is None:
            return
        check_epoch(self.token, self.system.store.epoch)
        if not await self.system.positions.reached(models, self.token.position, WAIT_SECONDS):
            detail = "The read models have not come to the place of the Consistency-Token yet; please try again."
            raise Rejected(Problem(503, "UNAVAILABLE", detail, headers={"Retry-After": "1"}))


def _decimal(value: Any) -> float:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(type(value).__name__)


# Each asks for what it needs by a call: a dependency of a dependency costs a request some 20 µs.
async def reading(request: Request, response: Response, token: PresentedToken = None) -> Session:
    state = request.app.state
    return Session(
        state.services, await principal(request), response, await consistency(token), personal=state.personal
    )


async def writing(request: Request, response: Response, key: PresentedKey = None) -> Session:
    state, caller = request.app.state, await principal(request)
    return Session(state.services, caller, response, None, await idempotency(request, caller, key), state.personal)


Reading = Annotated[Session, Depends(reading)]
Writing = Annotated[Session, Depends(writing)]
