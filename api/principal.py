"""Who asks: the principal behind a request, by API key, or the development one where no credentials are asked for."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated
from uuid import NAMESPACE_URL, UUID, uuid5

from fastapi import Depends
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import Problem, Rejected
from api.paths import is_below, path_within
from infra.api_keys import SCOPES, ApiKeys
from infra.settings import Auth, Settings

HEADER = "X-API-Key"
# A page's script cannot set a header for a web socket, and addresses end up in logs: the key comes as one of the
# subprotocols that it offers, beside the one that is spoken.
SUBPROTOCOL, KEY_SUBPROTOCOL = "jobstream.v1", "api-key."
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_PRINCIPAL = "jobstream.principal"


@dataclass(frozen=True, slots=True)
class Principal:
    """`actor` is recorded beside every event; `owner` is the tenant; `scopes` say what may be done."""

    actor: str
    owner: UUID
    scopes: frozenset[str]


DEVELOPMENT = Principal("development", uuid5(NAMESPACE_URL, "jobstream:development"), SCOPES)

UNAUTHORIZED = Problem(
    401, "UNAUTHORIZED", f"A valid API key is needed in the header {HEADER}.", headers={"WWW-Authenticate": "ApiKey"}
)


def forbidden(scope: str) -> Problem:
    return Problem(403, "FORBIDDEN", f"The API key lacks the scope {scope}.")


class Authentication:
    """Finds the principal of a request. `keys` is needed where authentication is enforced."""

    def __init__(self, settings: Settings, keys: ApiKeys | None) -> None:
        if settings.auth is Auth.ENFORCED and keys is None:
            raise ValueError("Enforced authentication needs the table of API keys")
        self._keys = keys if settings.auth is Auth.ENFORCED else None

    async def principal(self, scope: Scope) -> Principal:
        """Raises `Rejected` (401) without a valid, unrevoked key."""
        if self._keys is None:
            return DEVELOPMENT
        presented = _presented(scope)
        known = None if presented is None else await self._keys.verify(presented)
        if known is None:
            raise Rejected(UNAUTHORIZED)
        return Principal(f"key:{known.id}", known.owner, known.scopes)


def _presented(scope: Scope) -> str | None:
    name = HEADER.lower().encode()
    for header, value in scope["headers"]:
        if header == name:
            presented: str = value.decode("latin-1")
            return presented
    offered: list[str] = scope.get("subprotocols", [])
    return next((one.removeprefix(KEY_SUBPROTOCOL) for one in offered if one.startswith(KEY_SUBPROTOCOL)), None)


class AuthenticationGate:
    """No route below it runs without a principal that may read or, for other methods than GET, write."""

    def __init__(self, app: ASGIApp, authentication: Authentication, public: tuple[str, ...]) -> None:
        self.app = app
        self._authentication, self._public = authentication, public

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or is_below(path_within(scope), self._public):
            await self.app(scope, receive, send)
            return
        principal = await self._authentication.principal(scope)
        needed = "read" if scope["type"] == "websocket" or scope["method"] in _READING else "write"
        if needed not in principal.scopes:
            raise Rejected(forbidden(needed))
        scope[_PRINCIPAL] = principal
        await self.app(scope, receive, send)


async def principal(request: HTTPConnection) -> Principal:
    """The principal that the gate found. A route of a public path has none: KeyError, a defect of the route."""
    found: Principal = request.scope[_PRINCIPAL]
    return found


Caller = Annotated[Principal, Depends(principal)]


def requires(scope: str) -> Callable[[Principal], Awaitable[Principal]]:
    """A dependency for routes that need more than reading or writing. Raises `Rejected` (403)."""
    if scope not in SCOPES:
        raise ValueError(f"{scope} is not a scope; scopes are {', '.join(sorted(SCOPES))}")

    async def allowed(caller: Caller) -> Principal:
        if scope not in caller.scopes:
            raise Rejected(forbidden(scope))
        return caller

    return allowed
