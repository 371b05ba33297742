"""The whole HTTP interface over a running system: the products, the schema registry, and the subscribers' keys."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI, HTTPException, Request
from starlette.applications import Starlette
from starlette.routing import Mount

from api.app import create_app
from api.automation.dialect import DIALECT
from api.automation.product import automation
from api.live.running import live
from api.principal import Authentication
from api.product import Product
from api.rate_limit import Counter, counter_for
from api.schema_registry import schema_registry_app
from api.subject_keys import subject_keys_router
from api.tradeengage.product import tradeengage
from infra.api_keys import ApiKeys
from infra.master_key import master_key
from infra.settings import Auth
from infra.subject_keys import PostgresSubjectKeys
from runtime.queues import Queues
from runtime.system import System


@asynccontextmanager
async def compose(system: System) -> AsyncIterator[Starlette]:
    """The application to serve, for as long as the block runs."""
    settings = system.settings
    keys = ApiKeys(system.database.pool, system.clock) if settings.auth is Auth.ENFORCED else None
    async with AsyncExitStack() as stack:
        counter = counter_for(settings.redis_url)
        stack.push_async_callback(counter.close)
        at_work = await stack.enter_async_context(live(system, DIALECT, Authentication(settings, keys)))
        products = [automation(system, at_work), tradeengage(system, counter, await system.store.head())]
        yield _application(system, products, keys, counter)


def _application(system: System, products: Sequence[Product], keys: ApiKeys | None, counter: Counter) -> Starlette:
    settings = system.settings
    return create_app(
        products,
        system,
        settings,
        api_keys=keys,
        counter=counter,
        measure=Queues(system).measure,
        routes=[
            Mount("/schema-registry", schema_registry_app(system.registry)),
            Mount("/keys", _subject_keys(system, Authentication(settings, keys))),
        ],
    )


def _subject_keys(system: System, authentication: Authentication) -> FastAPI:
    async def authorised(request: Request) -> None:
        caller = await authentication.principal(request.scope)
        if "keys:read" not in caller.scopes:
            raise HTTPException(403, "The API key lacks the scope keys:read.")

    app = FastAPI(
        title="Subjects' keys, for subscribers",
        openapi_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    keys = PostgresSubjectKeys(system.database.pool)
    app.include_router(subject_keys_router(keys, master_key(system.settings), authorised))
    return app
