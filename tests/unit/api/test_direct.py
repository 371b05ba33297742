"""A route that reads its request itself reads what FastAPI would have read, and refuses what it would have refused."""

from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Body, Depends, Header, Path, Query, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel

from api.direct import Direct
from api.errors import CODED
from api.product import Product
from api.session import Reading, Writing
from tests.unit.api.sample import sample_app


class Thing(BaseModel):
    name: str
    count: int = 1


def routed(kind: type[APIRoute]) -> APIRouter:
    router = APIRouter(route_class=kind)

    @router.post("/things/{number}", status_code=201)
    async def change(
        number: int,
        thing: Thing,
        session: Writing,
        factor: Annotated[int, Query(ge=1)] = 1,
        kind: str | None = None,
    ) -> Response:
        key = session.idempotency and session.idempotency.key
        said = {"number": number, "thing": thing.model_dump(), "factor": factor, "kind": kind, "key": str(key)}
        return session.answer(said, 201)

    @router.get("/things/{number}/parts")
    async def parts(number: Annotated[int, Path(le=9)], session: Reading, since: Annotated[int, Query()]) -> Response:
        return session.answer({"number": number, "since": since, "position": session.token and session.token.position})

    @router.put("/things")
    async def whole(things: list[Thing], session: Writing) -> Response:
        return session.answer(len(things))

    return router


def client(kind: type[APIRoute]) -> httpx.AsyncClient:
    product = Product("tradeengage", "Sample", "1.0.0", (routed(kind),), CODED, None, "A sample")
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(sample_app(product)), base_url="http://localhost/tradeengage/api/v1"
    )


NAMED = {"name": "tap"}
TOKEN = {"Consistency-Token": "01234567-89ab-cdef-0123-456789abcdef:7"}
REQUESTS: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/things/7", {"json": NAMED}),
    ("POST", "/things/7/?factor=3&kind=blue", {"json": {**NAMED, "count": "5", "unknown": 1}}),
    ("POST", "/things/7?kind=&factor=2&factor=4", {"json": NAMED}),
    ("POST", "/things/7", {"json": NAMED, "headers": {"Idempotency-Key": "once"}}),
    ("POST", "/things/7", {"json": NAMED, "headers": {"Idempotency-Key": ""}}),
    ("POST", "/things/7", {"json": NAMED, "headers": {"Idempotency-Key": "x" * 256}}),
    ("POST", "/things/seven?factor=0", {"json": {"count": "many"}}),
    ("POST", "/things/7", {}),
    ("POST", "/things/7", {"json": None}),
    ("POST", "/things/7", {"json": [NAMED]}),
    ("POST", "/things/7", {"content": b'{"name": "tap"}', "headers": {"Content-Type": "text/plain"}}),
    ("POST", "/things/7", {"content": b'{"name": "tap"}'}),
    ("POST", "/things/7", {"content": b"", "headers": {"Content-Type": "application/json"}}),
    ("POST", "/things/7", {"content": b'{"name": ', "headers": {"Content-Type": "application/json"}}),
    ("POST", "/things/7", {"json": {"name": "a\0b"}}),
    ("PUT", "/things", {"json": [NAMED, NAMED]}),
    ("PUT", "/things", {"json": [NAMED, {}]}),
    ("GET", "/things/7/parts?since=1", {"headers": TOKEN}),
    ("GET", "/things/7/parts?since=1", {"headers": {"Consistency-Token": "nonsense"}}),
    ("GET", "/things/10/parts", {}),
    ("DELETE", "/things/7/parts", {}),
]


@pytest.mark.parametrize(("method", "path", "sent"), REQUESTS)
async def test_it_answers_as_the_library_does(method: str, path: str, sent: dict[str, Any]) -> None:
    async with client(APIRoute) as usual, client(Direct) as direct:
        expected = await usual.request(method, path, **sent)
        answer = await direct.request(method, path, **sent)
    assert (answer.status_code, answer.text.split('"timestamp"')[0]) == (
        expected.status_code,
        expected.text.split('"timestamp"')[0],
    )
    assert sorted(name for name, _ in answer.headers.multi_items()) == sorted(set(expected.headers))


async def test_it_is_documented_as_ever() -> None:
    async with client(APIRoute) as usual, client(Direct) as direct:
        assert (await direct.get("/openapi.json")).json() == (await usual.get("/openapi.json")).json()


async def with_other_dependency(session: Writing, other: Annotated[str, Depends(lambda: "")]) -> Response: ...
async def without_session(number: int) -> Response: ...
async def with_header(session: Writing, other: Annotated[str, Header()]) -> Response: ...
async def with_two_bodies(session: Writing, one: Thing, other: Annotated[int, Body()]) -> Response: ...


@pytest.mark.parametrize("endpoint", [with_other_dependency, without_session, with_header, with_two_bodies])
def test_what_it_cannot_read_is_refused_when_it_is_declared(endpoint: Any) -> None:
    with pytest.raises(TypeError, match="/things"):
        Direct("/things", endpoint, methods=["POST"], response_model=None)
