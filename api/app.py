"""The root application: every product at its place, the index and the documents, and the metrics."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

import structlog
from fastapi import FastAPI
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import Lifespan

from api.documentation import PAGES, assets, index_page, openapi_document, redoc_page, swagger_page
from api.errors import CODED
from api.observation import Observation
from api.principal import Authentication
from api.product import Product, Surroundings, build
from api.rate_limit import Counter
from domain.clock import SystemClock
from infra.api_keys import ApiKeys
from infra.settings import Settings

_log = structlog.get_logger()

ROOT = "/api/v1"
MEASURE_SECONDS = 2.0

Measure = Callable[[], Awaitable[None]]


def create_app(
    products: Iterable[Product],
    services: Any,
    settings: Settings,
    *,
    api_keys: ApiKeys | None = None,
    counter: Counter | None = None,
    routes: Sequence[BaseRoute] = (),
    measure: Measure | None = None,
    lifespan: Lifespan[Starlette] | None = None,
) -> Starlette:
    """The application to serve.

    `services` is what products' routes find in `request.app.state.services`; `api_keys` is needed where AUTH=enforced;
    `counter` counts for the rate limits (None, or RATE_LIMITS=off: no limits); `routes` are more routes of the root;
    `measure` sets gauges before each scrape of /metrics.
    A `root_api` that is not among `products` leaves out its mount at /api/v1 and nothing else.
    """
    authentication = Authentication(settings, api_keys)
    around = Surroundings(services, authentication, counter if settings.rate_limits else None)
    built = [(product, build(product, around)) for product in products]
    mounts = [Mount(product.mount_path(), app) for product, app in built]
    root = next((app for product, app in built if product.name == settings.root_api), None)
    if root is not None:
        mounts.append(Mount(ROOT, root))
    pages = _Pages([product for product, _ in built], root)
    own = [Route("/", pages.index), Route("/metrics", metrics if measure is None else measured(measure)), assets()]
    documents = zip(PAGES, (pages.swagger, pages.redoc, pages.openapi), strict=True)
    app = Starlette(
        routes=[*mounts, *own, *(Route(path, page) for path, page in documents), *routes],
        middleware=[Middleware(Observation)],
        exception_handlers={HTTPException: _refused},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return app


async def _refused(request: Request, error: Exception) -> Response:
    # Outside every product there is no product's shape to follow; this one says most.
    return CODED.response(CODED.problem(error), SystemClock().now())


async def metrics(request: Request) -> Response:
    return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})


def measured(measure: Measure) -> Callable[[Request], Awaitable[Response]]:
    """/metrics with gauges that `measure` sets at each scrape; while it fails, as they were."""

    async def scraped(request: Request) -> Response:
        try:
            async with asyncio.timeout(MEASURE_SECONDS):
                await measure()
        except Exception as error:  # noqa: BLE001 (the database may be away, and just then the other metrics matter)
            _log.warning("Queues were not measured", error=type(error).__name__)
        return await metrics(request)

    return scraped


class _Pages:
    """The root's own pages. The documents are those of the product at /api/v1; without one, the index."""

    def __init__(self, products: Sequence[Product], root: FastAPI | None) -> None:
        self._products, self._root = products, root

    async def swagger(self, request: Request) -> Response:
        if self._root is None:
            return self._listed(request)
        return swagger_page(request, self._root.title, _outer(request) + "/openapi.json")

    async def redoc(self, request: Request) -> Response:
        if self._root is None:
            return self._listed(request)
        return redoc_page(request, self._root.title, _outer(request) + "/openapi.json")

    async def openapi(self, request: Request) -> Response:
        if self._root is None:
            return JSONResponse(self._named(request))
        return openapi_document(self._root, _outer(request) + ROOT)

    async def index(self, request: Request) -> Response:
        if "text/html" in request.headers.get("accept", ""):
            return self._listed(request)
        return JSONResponse(self._named(request))

    def _places(self, request: Request) -> dict[str, dict[str, str]]:
        outer = _outer(request)
        return {
            product.name: {
                "base": outer + product.mount_path(),
                **{page.strip("/"): outer + product.mount_path() + page for page in PAGES},
            }
            for product in self._products
        }

    def _named(self, request: Request) -> dict[str, Any]:
        outer = _outer(request)
        return {"products": self._places(request), "docs": f"{outer}/docs", "metrics": f"{outer}/metrics"}

    def _listed(self, request: Request) -> Response:
        links: list[tuple[str, list[tuple[str, str]]]] = [
            (product.title, [*self._places(request)[product.name].items()]) for product in self._products
        ]
        own = [(path, _outer(request) + path) for path in ("/docs", "/metrics")]
        return index_page("jobstream", [*links, ("Server", own)])


def _outer(request: Request) -> str:
    outer: str = request.scope.get("root_path", "")
    return outer
