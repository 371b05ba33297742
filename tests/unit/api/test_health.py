import asyncio
import re
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api import health
from api.health import Check, Component, health_router
from domain.clock import SystemClock
from tests.unit.api.sample import well


async def providers() -> Component:
    return Component(details={"providers": {"servicetitan": "healthy", "mock": "healthy"}}, timed=False)


async def broken() -> Component:
    raise ConnectionError("postgres://user:secret@host")


async def limping() -> Component:
    return Component("degraded", {"lag": 7})


async def hanging() -> Component:
    await asyncio.Event().wait()
    return Component()


def asking(checks: Mapping[str, Check], missing: Mapping[str, Any] | None = None) -> httpx.AsyncClient:
    async def readiness() -> Mapping[str, Any]:
        return missing or {}

    app = FastAPI()
    app.include_router(health_router(checks, "1.0.0", SystemClock(), readiness))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost")


def timeless(body: dict[str, Any]) -> dict[str, Any]:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", body.pop("timestamp"))
    return body


async def test_all_four_answer_in_the_documented_shape_when_all_is_well() -> None:
    async with asking({"database": well, "redis": well, "external_apis": providers}) as client:
        assert timeless((await client.get("/health")).json()) == {"status": "healthy", "version": "1.0.0"}
        assert timeless((await client.get("/health/ready")).json()) == {"status": "ready"}
        assert timeless((await client.get("/health/live")).json()) == {"status": "alive"}
        detailed = timeless((await client.get("/health/detailed")).json())
    for part in ("database", "redis"):
        assert re.fullmatch(r"\d+ms", detailed["components"][part].pop("response_time"))
    assert detailed == {
        "status": "healthy",
        "version": "1.0.0",
        "components": {
            "database": {"status": "healthy"},
            "redis": {"status": "healthy"},
            "external_apis": {"status": "healthy", "providers": {"servicetitan": "healthy", "mock": "healthy"}},
        },
    }


async def test_without_its_database_the_whole_is_unhealthy_and_not_ready() -> None:
    async with asking({"database": broken, "redis": well}) as client:
        answers = {path: await client.get(f"/health{path}") for path in ("", "/detailed", "/ready", "/live")}
    assert {path: answer.status_code for path, answer in answers.items()} == {
        "": 503, "/detailed": 503, "/ready": 503, "/live": 200,
    }  # fmt: skip
    assert answers["/detailed"].json()["components"]["database"]["error"] == "ConnectionError"
    assert "secret" not in answers["/detailed"].text
    assert answers["/ready"].json()["waiting_for"] == ["database"]


@pytest.mark.parametrize("check", [broken, limping])
async def test_without_another_part_the_whole_is_degraded_and_goes_on(check: Check) -> None:
    async with asking({"database": well, "redis": check}) as client:
        detailed = await client.get("/health/detailed")
        assert (detailed.status_code, detailed.json()["status"]) == (200, "degraded")
        assert (await client.get("/health/ready")).status_code == 200


async def test_a_part_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "SECONDS", 0.05)
    async with asking({"database": well, "redis": hanging}) as client:
        redis = (await client.get("/health/detailed")).json()["components"]["redis"]
    assert (redis["status"], redis["error"]) == ("unhealthy", "TimeoutError")


async def test_what_is_still_missing_is_said_while_not_ready() -> None:
    async with asking({"database": well}, {"read_models": {"routings": 120}}) as client:
        answer = await client.get("/health/ready")
    assert answer.status_code == 503
    assert timeless(answer.json()) == {"status": "not ready", "read_models": {"routings": 120}}
