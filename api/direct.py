"""Routes that read their request by themselves, and answer with a response of their own.

FastAPI's way from a request to its endpoint serves every way to declare one, and asks again at each request which it
is: that took 70 µs of the 140 that a posted job cost before anything was done about it. Here it is asked once. Fields
are declared, validated and documented as ever.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from fastapi import Request
from fastapi._compat import ModelField
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.datastructures import QueryParams
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.input_guard import JSON
from api.session import Session, reading, writing

Fields = Sequence[ModelField]
Place = tuple[str, ...]
Make = Callable[[Request, Response, str | None], Awaitable[Session]]
_NO_QUERY = QueryParams()
_MISSING: Mapping[str, Any] = {"type": "missing", "msg": "Field required", "input": None}


class Direct(APIRoute):
    """For endpoints with fields in path and query, at most one body, and a session as their only dependency.

    Raises TypeError for any other.
    """

    def __init__(self, path: str, endpoint: Callable[..., Awaitable[Response]], **more: Any) -> None:
        super().__init__(path, endpoint, **more)
        self.app = _reading_itself(self)


def _reading_itself(route: APIRoute) -> ASGIApp:
    name, make, header = _session(route)
    endpoint, path, query, body = _parts(route)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        values: dict[str, Any] = {}
        errors: list[Any] = []
        for field in path:
            _take(field, scope["path_params"].get(field.alias), ("path", field.alias), values, errors)
        if query:
            given = QueryParams(scope["query_string"]) if scope["query_string"] else _NO_QUERY
            for field in query:
                _take(field, given.get(field.alias), ("query", field.alias), values, errors)
        if body is not None:
            sent = scope[JSON] if JSON in scope else await request.body() or None
            _take(body, sent, ("body",), values, errors)
        shown: dict[str, Any] = {}
        _take(header, request.headers.get(header.alias), ("header", header.alias), shown, errors)
        if errors:
            raise RequestValidationError(errors)
        # No content: a carrier of headers, without a length of its own.
        values[name] = await make(request, Response(status_code=204), shown[header.name])
        response = await endpoint(**values)
        await response(scope, receive, send)

    return app


def _session(route: APIRoute) -> tuple[str, Make, ModelField]:
    """The name of the endpoint's session, what makes it, and the header that it takes."""
    dependencies = route.dependant.dependencies
    session = dependencies[0] if len(dependencies) == 1 else None
    if session is None or session.call not in (reading, writing) or session.name is None:
        raise TypeError(f"{route.path}: a session is the one dependency that a direct route has")
    [header] = session.header_params
    return session.name, session.call, header


def _parts(route: APIRoute) -> tuple[Callable[..., Awaitable[Response]], Fields, Fields, ModelField | None]:
    declared = route.dependant
    if len(declared.body_params) > 1 or declared.header_params or declared.cookie_params:
        raise TypeError(f"{route.path}: a direct route has fields in its path and query, and one body")
    body = declared.body_params[0] if declared.body_params else None
    return route.endpoint, declared.path_params, declared.query_params, body


def _take(field: ModelField, value: Any, place: Place, values: dict[str, Any], errors: list[Any]) -> None:
    if value is not None:
        values[field.name], problems = field.validate(value, loc=place)
        errors += problems
    elif field.field_info.is_required():
        errors.append({**_MISSING, "loc": place})
    else:
        values[field.name] = field.get_default()
