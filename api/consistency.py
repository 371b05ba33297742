"""The Consistency-Token header: read your own writes, on any server."""

import re
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header
from starlette.responses import Response

from api.errors import Problem, Rejected

NAME = "Consistency-Token"
_FORM = re.compile(r"^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}):([0-9]{1,18})$")

Presented = Annotated[
    str | None,
    Header(
        alias=NAME,
        # Told and not checked by the library, which would answer 422.
        json_schema_extra={"pattern": _FORM.pattern},
        description="From the answer to a command: the read waits, for a bounded time, until it shows that command",
    ),
]


@dataclass(frozen=True, slots=True)
class ConsistencyToken:
    """A place in the log. Positions mean something only within their store's epoch."""

    epoch: UUID
    position: int

    def __str__(self) -> str:
        return f"{self.epoch}:{self.position}"


def parse(text: str) -> ConsistencyToken:
    """Raises `Rejected` (400)."""
    matched = _FORM.fullmatch(text)
    if matched is None:
        detail = f"The header {NAME} is not a token from an earlier answer."
        raise Rejected(Problem(400, "INVALID_CONSISTENCY_TOKEN", detail))
    return ConsistencyToken(UUID(matched[1]), int(matched[2]))


def check_epoch(token: ConsistencyToken, epoch: UUID) -> None:
    """Raises `Rejected` (409) for a token from before the event store was restored."""
    if token.epoch != epoch:
        detail = (
            f"The {NAME} is from before the event store was restored and no longer names a place in it; "
            "read again without it, and check that your last change is there."
        )
        raise Rejected(Problem(409, "OTHER_EPOCH", detail))


def announce(response: Response, epoch: UUID, position: int) -> None:
    """Tell the client where in the log its command is."""
    response.headers[NAME] = str(ConsistencyToken(epoch, position))


async def consistency(presented: Presented = None) -> ConsistencyToken | None:
    return None if presented is None else parse(presented)


Consistency = Annotated[ConsistencyToken | None, Depends(consistency)]
