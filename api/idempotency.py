"""The Idempotency-Key header: a client's promise that two requests are one."""

import hashlib
from typing import Annotated
from uuid import NAMESPACE_URL, uuid5

from fastapi import Depends, Header, Request

from api.paths import path_within
from api.principal import Caller
from commands.bus import IdempotencyKey

_NAMESPACE = uuid5(NAMESPACE_URL, "jobstream:idempotency")
# Printable ASCII; also what keeps the parts of the scope below apart.
_PRINTABLE = r"^[\x20-\x7e]+$"

Presented = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=_PRINTABLE,
        description="Repeating a request with the same key within 24 hours carries it out once",
    ),
]


async def idempotency(request: Request, caller: Caller, presented: Presented = None) -> IdempotencyKey | None:
    """The key in the scope of product, actor, method and route template, and the hash of what is asked.

    What is asked is path, query and body: the same key for another job is then refused as reused, not answered with
    the first job's result.
    """
    if presented is None:
        return None
    scope = request.scope
    template = scope["route"].path
    name = "\n".join((request.app.state.product, caller.actor, scope["method"], template, presented))
    path = path_within(scope).rstrip("/").encode()
    asked = hashlib.sha256(b"\n".join((path, scope["query_string"], await request.body())))
    return IdempotencyKey(uuid5(_NAMESPACE, name), asked.digest())


Idempotency = Annotated[IdempotencyKey | None, Depends(idempotency)]
