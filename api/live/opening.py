"""How a web socket is asked for, and whether it is granted."""

import re
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import QueryParams
from starlette.websockets import WebSocket

from api.errors import Problem, Rejected
from api.live.connection import Connection, Introduction, problem, unknown_channel
from api.live.running import Live
from api.principal import SUBPROTOCOL, principal
from domain.notifications.channels import Channel
from infra.presence import fingerprint
from infra.settings import Auth
from runtime.system import System

log = structlog.get_logger(__name__)

LONGEST_USER = 128
_POSITION = re.compile(r"[0-9]{1,18}")  # whatever is longer, PostgreSQL's bigint has no room for
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_PAGES = ("http", "https")

FOREIGN_PAGE = Problem(403, "FORBIDDEN", "Pages of other sites may not connect while no API key is asked for.")


@dataclass(frozen=True, slots=True)
class Wish:
    """What a client asks for by its address, channels by the product's names. `position` is the last that it saw, in
    that epoch of the log if it says so; None: it asks for nothing older.
    """

    user_id: str | None
    channels: Sequence[str]
    position: int | None
    epoch: str | None
    objections: tuple[Mapping[str, str], ...]


def wish(query: QueryParams, known: Mapping[str, Channel]) -> Wish:
    """Whatever cannot be understood is left out and objected to: the client learns it over the web socket."""
    objections = []
    user = query.get("user_id") or None
    if user is not None and len(user) > LONGEST_USER:
        user = None
        objections.append(problem("bad_user_id", f"user_id has at most {LONGEST_USER} characters."))
    # A dictionary's keys are a set that keeps its order.
    names = dict.fromkeys(name for part in query.get("channels", "").split(",") if (name := part.strip()))
    if names.keys() - known.keys():
        objections.append(unknown_channel(known))
    channels = [name for name in names if name in known] if names else [*known]
    position, asked = None, query.get("last_position")
    if asked is not None:
        if _POSITION.fullmatch(asked):
            position = int(asked)
        else:
            objections.append(problem("bad_position", "last_position is the position of an earlier message."))
    return Wish(user, channels, position, query.get("epoch"), tuple(objections))


def check_origin(socket: WebSocket, auth: Auth) -> None:
    """Raises `Rejected` for a foreign page's web socket: no browser keeps it from connecting to a server on loopback,
    and without a key it would be told everything. Extensions and programs say no page, or their own scheme.
    """
    origin = socket.headers.get("origin")
    if origin is None or auth is Auth.ENFORCED:
        return
    page = urlsplit(origin)
    if origin == "null" or (page.scheme in _PAGES and page.hostname not in _LOOPBACK):
        raise Rejected(FOREIGN_PAGE)


def socket_endpoint(live: Live) -> Callable[[WebSocket], Awaitable[None]]:
    """The route's endpoint; it stands behind the gate that finds the principal."""

    async def opened(socket: WebSocket) -> None:
        system: System = socket.app.state.services
        check_origin(socket, system.settings.auth)
        caller, wanted = await principal(socket), wish(socket.query_params, live.hub.dialect.channels)
        user, id = wanted.user_id or caller.actor, f"conn_{secrets.token_hex(8)}"
        position, objections = await _beginning(wanted, live, system)
        await socket.accept(SUBPROTOCOL if SUBPROTOCOL in socket.scope["subprotocols"] else None)
        channels = {Channel.SYSTEM, *(live.hub.dialect.channels[name] for name in wanted.channels)}
        with live.hub.joined(caller.owner, fingerprint(caller.owner, user), channels) as subscriber:
            log.info("Web socket opened", connection_id=id, actor=caller.actor, position=position)
            await Connection(socket, live, system.clock, subscriber, position).run(
                Introduction(id, user, wanted.channels, str(system.store.epoch), objections)
            )
            log.info("Web socket closed", connection_id=id)

    return opened


async def _beginning(wanted: Wish, live: Live, system: System) -> tuple[int, tuple[Mapping[str, str], ...]]:
    """The position to go on after. One that this process has not come to may be another's; one that the log has not
    come to is nobody's.
    """
    present = live.hub.present
    if wanted.position is None:
        return present, wanted.objections
    if wanted.epoch not in (None, str(system.store.epoch)):
        other = problem("other_epoch", "last_position is from before the log was restored: please load anew.")
        return present, (*wanted.objections, other)
    if wanted.position > present and wanted.position > await system.store.head():
        unknown = problem("bad_position", "last_position is beyond everything that has happened.")
        return present, (*wanted.objections, unknown)
    return wanted.position, wanted.objections
