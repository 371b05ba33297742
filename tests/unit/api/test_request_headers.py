from uuid import uuid4

import httpx
import pytest

from api.consistency import ConsistencyToken, check_epoch, parse
from api.errors import Rejected
from tests.unit.api.sample import EPOCH, JOB


async def told(client: httpx.AsyncClient, key: str, body: object = JOB, place: str = "/api/v1") -> list[str]:
    answer = await client.post(f"{place}/jobs/", json=body, headers={"Idempotency-Key": key})
    assert answer.status_code == 201
    return str(answer.json()["detail"]).split()[1:]


async def test_the_same_request_has_the_same_key_and_hash_wherever_it_is_mounted(client: httpx.AsyncClient) -> None:
    assert await told(client, "k") == await told(client, "k", place="/tradeengage/api/v1")


async def test_another_body_has_the_same_key_and_another_hash(client: httpx.AsyncClient) -> None:
    first, second = await told(client, "k"), await told(client, "k", JOB | {"summary": "other"})
    assert first[0] == second[0]
    assert first[1] != second[1]


async def test_another_key_is_another_request(client: httpx.AsyncClient) -> None:
    assert (await told(client, "k"))[0] != (await told(client, "l"))[0]


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there", "é".encode().decode("latin-1")])
async def test_a_key_that_is_empty_too_long_or_unprintable_is_refused(client: httpx.AsyncClient, key: str) -> None:
    headers = [(b"idempotency-key", key.encode("latin-1"))]
    answer = await client.post("/api/v1/jobs/", json=JOB, headers=headers)
    assert (answer.status_code, answer.json()["error_code"]) == (422, "VALIDATION_ERROR")


async def test_a_command_answers_with_a_token_that_a_read_takes(client: httpx.AsyncClient) -> None:
    token = (await client.post("/api/v1/jobs/", json=JOB)).headers["Consistency-Token"]
    assert parse(token) == ConsistencyToken(EPOCH, 7)
    answer = await client.get(f"/api/v1/jobs/{EPOCH}", headers={"Consistency-Token": token})
    assert answer.status_code == 404  # the sample has no jobs; the token was taken


@pytest.mark.parametrize("token", ["", "7", f"{EPOCH}:", f"{EPOCH}:-1", f"{EPOCH}:{10**18}", f"{EPOCH}:1 "])
async def test_what_is_no_token_is_a_bad_request(client: httpx.AsyncClient, token: str) -> None:
    answer = await client.get(f"/api/v1/jobs/{EPOCH}", headers=[(b"consistency-token", token.encode())])
    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_CONSISTENCY_TOKEN")


def test_a_token_from_before_a_restore_is_a_conflict_with_advice() -> None:
    with pytest.raises(Rejected, match="read again without it") as raised:
        check_epoch(ConsistencyToken(EPOCH, 1), uuid4())
    assert raised.value.problem.status == 409
