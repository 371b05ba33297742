"""What no route may see: bodies over the limit, JSON that is none, and text that PostgreSQL refuses."""

from typing import Any

import orjson
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import Problem, Rejected
from api.validation import FieldProblem

LIMIT = 10 * 1024 * 1024  # bytes
JSON = "jobstream.json"  # where later layers find the decoded body in the scope
_TOO_LARGE = f"The body is larger than {LIMIT // (1024 * 1024)} MB."


class InputGuard:
    """Raises `Rejected` (413, 422). JSON bodies are read to the end, checked and decoded before the application runs.

    orjson refuses what the standard library lets through and PostgreSQL or a later encoder would not take: NaN and
    infinity, half surrogate pairs, bytes that are not UTF-8, depths that end in a RecursionError.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        _check_address(scope)
        length, content_type, chunked = _framing(scope)
        if not length and not chunked:
            await self.app(scope, receive, send)
            return
        if length > LIMIT:
            await _drain(receive, length <= 2 * LIMIT)
            raise Rejected(Problem(413, "PAYLOAD_TOO_LARGE", _TOO_LARGE))
        if _is_json(content_type):
            body = await _read(receive)
            scope[JSON] = _checked_json(body)
            await self.app(scope, _replayed(body, receive), send)
        else:
            await self.app(scope, _counted(receive), send)


def _check_address(scope: Scope) -> None:
    if "\x00" in scope["path"]:
        raise _invalid("path", "must not contain NUL characters")
    query = scope["query_string"]
    if b"%00" in query or b"\x00" in query:
        raise _invalid("query", "must not contain NUL characters")


def _framing(scope: Scope) -> tuple[int, bytes, bool]:
    """The announced length (0: none), the content type, and whether the body comes in chunks of its own."""
    length, content_type, chunked = 0, b"", False
    for name, value in scope["headers"]:
        if name == b"content-type":
            content_type = value
        elif name == b"content-length":
            length = int(value) if value.isdigit() else 0
        elif name == b"transfer-encoding":
            chunked = True
    return length, content_type, chunked


def _is_json(content_type: bytes) -> bool:
    kind = content_type.partition(b";")[0].strip().lower()
    return kind == b"application/json" or (kind.startswith(b"application/") and kind.endswith(b"+json"))


async def _read(receive: Receive) -> bytes:
    """The whole body, whatever its announced length was. Raises `Rejected` (413)."""
    chunks: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk = message.get("body", b"")
        size += len(chunk)
        more = message.get("more_body", False)
        if size > LIMIT:
            await _drain(receive, more)
            raise Rejected(Problem(413, "PAYLOAD_TOO_LARGE", _TOO_LARGE))
        chunks.append(chunk)
    return b"".join(chunks)


async def _drain(receive: Receive, more: bool) -> None:
    # Whoever is only a little over the limit reads the answer instead of a connection reset in the middle of sending.
    dropped = 0
    while more and dropped < 2 * LIMIT:
        message = await receive()
        dropped += len(message.get("body", b""))
        more = message.get("more_body", False)


def _replayed(body: bytes, receive: Receive) -> Receive:
    given = False

    async def replayed() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed


def _counted(receive: Receive) -> Receive:
    size = 0

    async def counted() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > LIMIT:
            await _drain(receive, message.get("more_body", False))
            raise Rejected(Problem(413, "PAYLOAD_TOO_LARGE", _TOO_LARGE))
        return message

    return counted


def _checked_json(body: bytes) -> Any:
    try:
        value = orjson.loads(body) if body else None
    except orjson.JSONDecodeError as error:
        raise _invalid("body", f"is not valid JSON: {error.msg} at character {error.pos}", "json_invalid") from None
    # An escaped backslash before u0000 is an innocent text, so the bytes alone do not decide.
    if b"\\u0000" in body and _holds_nul(value):
        raise _invalid("body", "must not contain NUL characters")
    return value


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any("\x00" in key or _holds_nul(item) for key, item in value.items())
    return isinstance(value, list) and any(_holds_nul(item) for item in value)


def _invalid(place: str, message: str, type: str = "nul_character") -> Rejected:
    detail = f"Invalid input: the {place} {message}."
    return Rejected(Problem(422, "VALIDATION_ERROR", detail, (FieldProblem((place,), message, type),)))
