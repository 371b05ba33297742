import re
from typing import Any

import httpx
import pytest

from api.rate_limit import MemoryCounter
from tests.unit.api.sample import sample_app

PLACES = ["", "/api/v1", "/tradeengage/api/v1"]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("page", ["/docs", "/redoc"])
async def test_documents_load_nothing_from_elsewhere(client: httpx.AsyncClient, place: str, page: str) -> None:
    html = (await client.get(place + page)).text
    loaded = re.findall(r'(?:src|href|url)[=:]\s*["\']([^"\']+)', html)
    assert loaded
    for address in loaded:
        assert address.startswith("/"), address
        assert (await client.get(address)).status_code == 200


@pytest.mark.parametrize(("place", "server"), [("", "/api/v1"), ("/api/v1", "/api/v1"), *[(PLACES[2], PLACES[2])]])
async def test_a_document_names_the_place_that_its_paths_are_below(
    client: httpx.AsyncClient, place: str, server: str
) -> None:
    document = (await client.get(f"{place}/openapi.json")).json()
    assert document["servers"] == [{"url": server}]
    assert "/jobs/{job_id}" in document["paths"]


async def test_the_index_answers_in_what_the_asker_reads(client: httpx.AsyncClient) -> None:
    page = await client.get("/", headers={"Accept": "text/html,*/*"})
    assert 'href="/tradeengage/api/v1/docs"' in page.text
    assert (await client.get("/")).json()["products"]["tradeengage"]["base"] == "/tradeengage/api/v1"


async def document() -> dict[str, Any]:
    transport = httpx.ASGITransport(sample_app(counter=MemoryCounter()))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        loaded: dict[str, Any] = (await client.get("/openapi.json")).json()
    return loaded


async def test_an_operation_names_every_refusal_in_the_shape_of_the_product() -> None:
    create = (await document())["paths"]["/jobs/"]["post"]
    assert create["responses"].keys() == {
        "201", "400", "401", "403", "409", "413", "422", "429", "500", "503",
    }  # fmt: skip
    for status, response in create["responses"].items():
        schema = response["content"]["application/json"]["schema"]["$ref"]
        assert schema.endswith("Answer" if status == "201" else "CodedError")
        assert "X-RateLimit-Remaining" in response["headers"]
    assert create["security"] == [{"ApiKey": []}, {}]
    assert "Idempotency-Key" in [parameter["name"] for parameter in create["parameters"]]


async def test_reads_name_their_consistency_token_and_what_may_be_missing() -> None:
    get = (await document())["paths"]["/jobs/{job_id}"]["get"]
    assert "404" in get["responses"]
    assert "413" not in get["responses"]
    assert "Consistency-Token" in [parameter["name"] for parameter in get["parameters"]]


async def test_health_is_documented_as_public_and_unlimited() -> None:
    health = (await document())["paths"]["/health/ready"]["get"]
    assert "security" not in health
    assert health["responses"].keys() == {"200", "422", "500", "503"}
    assert "X-RateLimit-Limit" not in health["responses"]["200"]["headers"]


async def test_a_public_command_may_still_be_refused_but_never_for_its_credentials() -> None:
    hook = (await document())["paths"]["/hooks/"]["post"]
    assert hook["responses"].keys() == {"200", "400", "409", "413", "422", "429", "500", "503"}


async def test_no_model_of_the_library_is_left_in_the_document() -> None:
    assert "HTTPValidationError" not in str(await document())
