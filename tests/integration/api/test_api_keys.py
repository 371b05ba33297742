from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import uuid4

import asyncpg
import httpx
import pytest
from fastapi import FastAPI, Request

from api.principal import Authentication
from api.rate_limit import RateLimits
from domain.clock import SystemClock
from infra.api_keys import REMEMBERED, ApiKeys
from infra.settings import Settings
from tests.unit.api.sample import sample_app, sample_product


@dataclass
class Elapsed:
    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
async def pool(database: str) -> AsyncIterator["asyncpg.Pool[asyncpg.Record]"]:
    async with asyncpg.create_pool(database, min_size=1, max_size=2) as pool:
        yield pool


@pytest.fixture
def elapsed() -> Elapsed:
    return Elapsed()


@pytest.fixture
def keys(pool: "asyncpg.Pool[asyncpg.Record]", elapsed: Elapsed) -> ApiKeys:
    return ApiKeys(pool, SystemClock(), elapsed)


def asking(keys: ApiKeys, key: str | None) -> httpx.AsyncClient:
    app = sample_app(sample_product(limits=RateLimits()), keys=keys)
    headers = {} if key is None else {"X-API-Key": key}
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost", headers=headers)


async def test_a_key_opens_what_its_scopes_allow(keys: ApiKeys) -> None:
    _, reading = await keys.create("reader", ["read"], uuid4())
    _, writing = await keys.create("writer", ["read", "write"], uuid4())
    _, all_of_it = await keys.create("admin", ["read", "write", "admin"], uuid4())
    asked = [("GET", "/api/v1/jobs/"), ("POST", "/api/v1/jobs/upload"), ("DELETE", "/api/v1/jobs/")]
    statuses = []
    for key in (reading, writing, all_of_it):
        async with asking(keys, key) as client:
            statuses.append([(await client.request(method, path)).status_code for method, path in asked])
    assert statuses == [[200, 403, 403], [200, 200, 403], [200, 200, 200]]


async def test_a_refused_scope_is_named_in_the_shape_of_the_product(keys: ApiKeys) -> None:
    _, text = await keys.create("reader", ["read"], uuid4())
    async with asking(keys, text) as client:
        answer = await client.post("/api/v1/jobs/upload")
    assert answer.json()["error_code"] == "FORBIDDEN"
    assert answer.json()["detail"] == "The API key lacks the scope write."


@pytest.mark.parametrize("wrong", [None, "", "js_x_y", "nonsense", "js_" + "0" * 32 + "_secret", "\u00e9"])
async def test_without_a_valid_key_nothing_but_health_and_documents_answers(keys: ApiKeys, wrong: str | None) -> None:
    async with asking(keys, None) as client:
        headers = [] if wrong is None else [(b"x-api-key", wrong.encode("latin-1"))]
        answer = await client.get("/api/v1/jobs/", headers=headers)
        assert (answer.status_code, answer.json()["error_code"]) == (401, "UNAUTHORIZED")
        assert (await client.get("/api/v1/unknown", headers=headers)).status_code == 401
        for path in ("/health", "/docs", "/openapi.json"):
            assert (await client.get("/api/v1" + path, headers=headers)).status_code == 200


async def test_an_application_outside_the_products_refuses_with_the_same_status(keys: ApiKeys) -> None:
    authentication = Authentication(Settings.model_validate({"auth": "enforced"}), keys)
    app = FastAPI()

    @app.get("/")
    async def guarded(request: Request) -> str:
        return (await authentication.principal(request.scope)).actor

    key, text = await keys.create("reader", ["read"], uuid4())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        refused = await client.get("/")
        assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "ApiKey")
        assert (await client.get("/", headers={"X-API-Key": text})).json() == f"key:{key.id}"


async def test_another_secret_with_a_known_id_is_refused(keys: ApiKeys) -> None:
    key, text = await keys.create("reader", ["read"], uuid4())
    assert await keys.verify(f"js_{key.id.hex}_{'x' * 43}") is None
    verified = await keys.verify(text)
    assert verified is not None
    assert (verified.id, verified.owner, verified.scopes) == (key.id, key.owner, frozenset({"read"}))


async def test_a_revoked_key_is_refused_here_at_once_and_elsewhere_within_seconds(
    keys: ApiKeys, pool: "asyncpg.Pool[asyncpg.Record]", elapsed: Elapsed
) -> None:
    elsewhere = ApiKeys(pool, SystemClock(), elapsed)
    key, text = await keys.create("reader", ["read"], uuid4())
    assert await keys.verify(text)
    assert await elsewhere.verify(text)
    assert await keys.revoke(key.id)
    assert not await keys.revoke(key.id)
    assert await keys.verify(text) is None
    elapsed.seconds = REMEMBERED - 0.1
    assert await elsewhere.verify(text) is not None
    elapsed.seconds = REMEMBERED
    assert await elsewhere.verify(text) is None


async def test_the_secret_is_kept_nowhere_and_the_last_use_is(
    keys: ApiKeys, pool: "asyncpg.Pool[asyncpg.Record]"
) -> None:
    key, text = await keys.create("reader", ["read", "keys:read"], uuid4())
    await keys.verify(text)
    row = await pool.fetchrow("select * from api_keys")
    assert row is not None
    assert text.split("_", 2)[2] not in repr(dict(row))
    (listed,) = await keys.list()
    assert (listed.id, listed.name, listed.scopes) == (key.id, "reader", frozenset({"read", "keys:read"}))
    assert listed.revoked_at is None
    assert listed.last_used_at is not None


@pytest.mark.parametrize("scopes", [[], ["read", "everything"]])
async def test_a_key_without_scopes_or_with_unknown_ones_is_not_made(keys: ApiKeys, scopes: list[str]) -> None:
    with pytest.raises(ValueError, match="scopes are some of"):
        await keys.create("bad", scopes, uuid4())
