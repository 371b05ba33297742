"""One product's HTTP interface, built from its description."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, WebSocketRoute

from api.boundary import Boundary, answer_library_errors
from api.documentation import PAGES, add_documentation
from api.errors import ErrorShape
from api.input_guard import InputGuard
from api.openapi import Conventions, document
from api.paths import either_form
from api.principal import Authentication, AuthenticationGate
from api.rate_limit import Counter, RateLimitGate, RateLimits
from domain.clock import Clock, SystemClock


@dataclass(frozen=True, slots=True)
class Product:
    """What a product is; `build` makes it an application, mounted at `place` or else at /<name>/api/v1.

    Paths at or below `public` ask for no credentials. Without `limits` nothing is rate limited. In a `personal` one an
    administrator, too, sees only what is their own.
    """

    name: str
    title: str
    version: str
    routers: tuple[APIRouter, ...]
    errors: ErrorShape
    limits: RateLimits | None
    description: str
    public: tuple[str, ...] = ("/health",)
    place: str | None = None
    personal: bool = False

    def mount_path(self) -> str:
        return self.place or f"/{self.name}/api/v1"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every product's application is built with. Without a counter nothing is rate limited."""

    services: Any
    authentication: Authentication
    counter: Counter | None
    clock: Clock = field(default_factory=SystemClock)


def build(product: Product, around: Surroundings) -> FastAPI:
    """The product's application, to be mounted anywhere, several times if need be.

    Routes find `around.services` as `request.app.state.services`. Raises ValueError on a router inside a router.
    """
    app = FastAPI(
        title=product.title,
        version=product.version,
        description=product.description,
        openapi_url=None,  # `add_documentation` serves it, and the pages without a content delivery network
        redirect_slashes=False,
        # `Observation` makes the span; FastAPI's own would be a second one, with exceptions' messages in it.
        telemetry={"tracing": False, "metrics": False, "logs": False},
        middleware=_layers(product, around),
    )
    app.state.product, app.state.services, app.state.personal = product.name, around.services, product.personal
    answer_library_errors(app, product.errors, around.clock)
    # The routes themselves and not `include_router`: an included router is matched twice per request.
    app.router.routes.extend(sorted(_routes(product), key=_by_static_segments))
    document(app, Conventions(product.errors, product.limits if around.counter else None, product.public))
    add_documentation(app)
    return app


def _layers(product: Product, around: Surroundings) -> list[Middleware]:
    open_paths = (*product.public, *PAGES)
    inner = [
        Middleware(Boundary, errors=product.errors, clock=around.clock),
        Middleware(AuthenticationGate, authentication=around.authentication, public=open_paths),
        Middleware(InputGuard),
    ]
    if around.counter is None or product.limits is None:
        return inner
    gate = Middleware(
        RateLimitGate,
        product.name,
        replace(product.limits, exempt=(*product.limits.exempt, *PAGES)),
        errors=product.errors,
        counter=around.counter,
        clock=around.clock,
        authentication=around.authentication,
    )
    return [gate, *inner]


def _routes(product: Product) -> Iterator[BaseRoute]:
    for router in product.routers:
        for route in router.routes:
            if not isinstance(route, APIRoute | WebSocketRoute):
                raise ValueError(f"{product.name}: give each router to the product itself, not to another router")
            if ":path}" not in route.path:
                # Documents write collections with a slash at the end; both forms answer, without a redirect.
                route.path_regex = either_form(route.path)
            yield route


def _by_static_segments(route: BaseRoute) -> tuple[int, ...]:
    """At the first segment where two paths differ in kind, a written-out one goes before a parameter."""
    path: str = route.path  # type: ignore[attr-defined]  # every route of `_routes` has one
    return tuple(2 if ":path}" in part else 1 if "{" in part else 0 for part in path.strip("/").split("/"))
