"""Where a product's exceptions end: each becomes an answer in the product's own shape."""

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import INTERNAL, ErrorShape
from domain.clock import Clock

_log = structlog.get_logger()


class Boundary:
    """Answers whatever the layers below raise. An error without an outcome is logged, and answered with 500."""

    def __init__(self, app: ASGIApp, errors: ErrorShape, clock: Clock) -> None:
        self.app = app
        self._errors, self._clock = errors, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        started = False

        async def sent(message: Message) -> None:
            nonlocal started
            started = started or message["type"] in ("http.response.start", "websocket.accept")
            await send(message)

        try:
            await self.app(scope, receive, sent)
        except ClientDisconnect:
            return
        except Exception as error:
            problem = self._errors.problem(error)
            if problem is INTERNAL:
                _log.exception("Unexpected error", path=scope["path"])
            elif problem.status >= 500:
                # Many at a time while a server is away, and all alike: no tracebacks.
                _log.warning("Unavailable", path=scope["path"], error=type(error).__name__)
            if started:
                raise
            # Starlette's response speaks to both: a web socket that is refused is answered like a request.
            await self._errors.response(problem, self._clock.now())(scope, receive, send)


def answer_library_errors(app: FastAPI, errors: ErrorShape, clock: Clock) -> None:
    """FastAPI answers its own two kinds of errors before they reach the boundary; these take over."""

    async def answered(request: Request, error: Exception) -> Response:
        response = errors.response(errors.problem(error), clock.now())
        if response.status_code == 405:
            response.headers["Allow"] = ", ".join(_allowed(app, request.scope))
        return response

    app.add_exception_handler(HTTPException, answered)
    app.add_exception_handler(RequestValidationError, answered)


def _allowed(app: FastAPI, scope: Scope) -> list[str]:
    # The library names the methods of the first route only, and not of the others with the same template.
    routes = [route for route in app.routes if isinstance(route, Route)]
    template = next(route.path for route in routes if route.matches(scope)[0] is not Match.NONE)
    return sorted({method for route in routes if route.path == template for method in route.methods or ()})
