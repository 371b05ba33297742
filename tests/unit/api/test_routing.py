from dataclasses import replace

import httpx
import pytest
from fastapi import APIRouter

from api.paths import either_form, is_below
from tests.unit.api.sample import sample_app, sample_product


@pytest.mark.parametrize("place", ["/api/v1", "/tradeengage/api/v1"])
@pytest.mark.parametrize("path", ["/jobs", "/jobs/", "/jobs/search", "/jobs/search/", "/health", "/health/"])
async def test_a_path_answers_directly_with_and_without_a_slash_at_the_end(
    client: httpx.AsyncClient, place: str, path: str
) -> None:
    assert (await client.get(place + path)).status_code == 200


async def test_a_written_out_path_wins_over_a_parameter_declared_before_it(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/jobs/search")).json() == {"detail": "searched"}


async def test_two_slashes_at_the_end_are_another_path(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/jobs//")).status_code == 404


async def test_a_root_api_that_is_not_there_leaves_out_its_mount_and_nothing_else() -> None:
    transport = httpx.ASGITransport(sample_app(root_api="automation"))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        assert (await client.get("/api/v1/jobs/")).status_code == 404
        assert (await client.get("/tradeengage/api/v1/jobs/")).status_code == 200
        assert "/tradeengage/api/v1/docs" in (await client.get("/docs")).text
        assert (await client.get("/openapi.json")).json()["products"].keys() == {"tradeengage"}


async def test_a_product_with_a_place_of_its_own_is_served_there() -> None:
    app = sample_app(replace(sample_product(), place="/elsewhere"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        assert (await client.get("/elsewhere/jobs/")).status_code == 200
        assert (await client.get("/tradeengage/api/v1/jobs/")).status_code == 404


def test_a_router_inside_a_router_is_refused_when_the_product_is_built() -> None:
    outer = APIRouter()
    outer.include_router(APIRouter(prefix="/inner"))
    with pytest.raises(ValueError, match="not to another router"):
        sample_app(replace(sample_product(), routers=(outer,)))


def test_prefixes_end_at_slashes() -> None:
    assert is_below("/health/live", ("/health",))
    assert is_below("/health", ("/health",))
    assert not is_below("/healthy", ("/health",))


def test_both_forms_of_a_template_match_and_no_third() -> None:
    pattern = either_form("/jobs/{id}/")
    assert pattern.match("/jobs/1")
    assert pattern.match("/jobs/1/")
    assert not pattern.match("/jobs/1//")
    assert either_form("/").match("/")
