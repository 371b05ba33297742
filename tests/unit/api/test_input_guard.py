import json

import httpx
import pytest

from tests.unit.api.sample import JOB

JSON = {"Content-Type": "application/json"}


def refusal(answer: httpx.Response) -> str:
    assert (answer.status_code, answer.json()["error_code"]) == (422, "VALIDATION_ERROR")
    return str(answer.json()["detail"])


@pytest.mark.parametrize("path", ["/api/v1/jobs/a%00b", "/api/v1/jobs/search?q=a%00b"])
async def test_a_nul_character_in_the_address_is_refused(client: httpx.AsyncClient, path: str) -> None:
    assert "NUL" in refusal(await client.get(path))


@pytest.mark.parametrize("value", [{"a": ["b\0"]}, {"a": {"b\0": 1}}, "\0"])
async def test_a_nul_character_anywhere_in_json_is_refused(client: httpx.AsyncClient, value: object) -> None:
    assert "NUL" in refusal(await client.post("/api/v1/jobs/upload", json=value))


async def test_a_backslash_before_u0000_is_an_innocent_text(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/jobs/", json=JOB | {"summary": "\\u0000"})
    assert answer.status_code == 201


@pytest.mark.parametrize(
    "body", [b"{", b'{"a":NaN}', b'"\\ud800"', b'"\xff"', b"[" * 5000, b"1e999", b'{"a":1}x', b"\x00"]
)
async def test_what_is_no_json_is_a_validation_error(client: httpx.AsyncClient, body: bytes) -> None:
    assert "not valid JSON" in refusal(await client.post("/api/v1/jobs/", content=body, headers=JSON))


async def test_a_body_that_is_not_declared_as_json_is_left_alone(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/jobs/upload", content=b"{ \\u0000", headers={"Content-Type": "text/plain"})
    assert answer.json() == {"detail": "8"}


async def test_a_checked_body_reaches_the_route_whole(client: httpx.AsyncClient) -> None:
    body = json.dumps({"text": "ü" * 100_000}).encode()
    answer = await client.post("/api/v1/jobs/upload", content=body, headers=JSON)
    assert answer.json() == {"detail": str(len(body))}
