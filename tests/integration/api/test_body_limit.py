import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from api.input_guard import LIMIT
from tests.integration.api.conftest import Serve
from tests.unit.api.sample import sample_app

JSON = {"Content-Type": "application/json"}
BINARY = {"Content-Type": "application/octet-stream"}


@pytest.fixture
async def client(serve: Serve) -> AsyncIterator[httpx.AsyncClient]:
    async with serve(sample_app()) as client:
        yield client


async def chunks(size: int) -> AsyncIterator[bytes]:
    """A JSON string of `size` bytes, in chunks and without an announced length."""
    yield b'"'
    for start in range(0, size - 2, 65536):
        yield b"x" * min(65536, size - 2 - start)
    yield b'"'


@pytest.mark.parametrize("headers", [JSON, BINARY])
@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_of_exactly_the_limit_is_taken(
    client: httpx.AsyncClient, headers: dict[str, str], announced: bool
) -> None:
    body = b'"' + b"x" * (LIMIT - 2) + b'"' if announced else chunks(LIMIT)
    answer = await client.post("/api/v1/jobs/upload", content=body, headers=headers)
    assert answer.json() == {"detail": str(LIMIT)}


@pytest.mark.parametrize("headers", [JSON, BINARY])
@pytest.mark.parametrize("announced", [True, False])
async def test_a_byte_more_is_refused_in_the_shape_of_the_product(
    client: httpx.AsyncClient, headers: dict[str, str], announced: bool
) -> None:
    body = b'"' + b"x" * (LIMIT - 1) + b'"' if announced else chunks(LIMIT + 1)
    answer = await client.post("/api/v1/jobs/upload", content=body, headers=headers)
    assert (answer.status_code, answer.json()["error_code"]) == (413, "PAYLOAD_TOO_LARGE")
    assert (await client.get("/api/v1/jobs/")).status_code == 200


@pytest.mark.parametrize("headers", [JSON, BINARY])
async def test_a_sender_half_over_the_limit_still_reads_the_refusal(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    answer = await client.post("/api/v1/jobs/upload", content=chunks(LIMIT * 3 // 2), headers=headers)
    assert answer.status_code == 413


async def raw(client: httpx.AsyncClient, request: bytes) -> bytes:
    """The first answer to `request`, and whatever else comes until the server closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", client.base_url.port)
    try:
        writer.write(request)
        await writer.drain()
        async with asyncio.timeout(60):
            return await reader.read()
    finally:
        writer.close()


async def test_a_huge_announced_length_is_refused_before_anything_is_sent(client: httpx.AsyncClient) -> None:
    head = f"POST /api/v1/jobs/upload HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {10**12}\r\n\r\n"
    assert b"413" in (await raw(client, head.encode())).split(b"\r\n")[0]


async def test_an_announced_length_that_lies_ends_in_a_refusal(client: httpx.AsyncClient) -> None:
    head = "POST /api/v1/jobs/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
    answer = await raw(client, f'{head}Content-Length: 3\r\n\r\n{{"a": 1}}'.encode())
    assert b"422" in answer.split(b"\r\n")[0]


async def test_two_framings_at_once_are_refused(client: httpx.AsyncClient) -> None:
    head = "POST /api/v1/jobs/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    answer = await raw(client, f"{head}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".encode())
    assert answer.split(b"\r\n")[0].split()[1] in (b"400", b"422")


async def test_a_sender_that_leaves_in_the_middle_disturbs_nobody(client: httpx.AsyncClient) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", client.base_url.port)
    writer.write(b"POST /api/v1/jobs/ HTTP/1.1\r\nHost: x\r\n")
    writer.write(b"Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{")
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await client.get("/api/v1/jobs/")).status_code == 200
