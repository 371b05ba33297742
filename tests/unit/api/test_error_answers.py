import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import httpx
import pytest
from pydantic import BaseModel

from api.errors import ErrorShape, Outcome, Problem
from domain.errors import Refused
from tests.unit.api.sample import EPOCH, JOB, sample_app, sample_product

TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def coded(response: httpx.Response) -> tuple[int, str, str]:
    body = response.json()
    assert body.keys() == {"detail", "error_code", "timestamp"}
    assert TIMESTAMP.fullmatch(body["timestamp"])
    return response.status_code, body["error_code"], body["detail"]


@pytest.mark.parametrize(
    ("how", "status", "code"),
    [
        ("refused", 400, "VALIDATION_ERROR"),
        ("conflict", 409, "CONFLICT"),
        ("key-reused", 422, "IDEMPOTENCY_KEY_REUSED"),
        ("unavailable", 503, "UNAVAILABLE"),
        ("database-gone", 503, "UNAVAILABLE"),
        ("database-stopping", 503, "UNAVAILABLE"),
        ("defect", 500, "INTERNAL_ERROR"),
    ],
)
async def test_each_failure_has_its_status_and_code(
    client: httpx.AsyncClient, how: str, status: int, code: str
) -> None:
    answer = await client.post(f"/api/v1/jobs/1/fail/{how}")
    assert coded(answer)[:2] == (status, code)
    assert "secret" not in answer.text


async def test_what_is_not_there_is_said_by_its_name(client: httpx.AsyncClient) -> None:
    assert coded(await client.get(f"/api/v1/jobs/{EPOCH}")) == (404, "NOT_FOUND", "Job not found")


async def test_an_unknown_path_answers_in_the_shape_of_the_product(client: httpx.AsyncClient) -> None:
    assert coded(await client.get("/api/v1/nothing"))[:2] == (404, "NOT_FOUND")


async def test_an_unknown_path_outside_every_product_answers_json_too(client: httpx.AsyncClient) -> None:
    assert coded(await client.get("/nothing"))[:2] == (404, "NOT_FOUND")


async def test_a_method_that_a_path_does_not_take_names_all_that_it_takes(client: httpx.AsyncClient) -> None:
    answer = await client.put("/api/v1/jobs/")
    assert coded(answer)[:2] == (405, "METHOD_NOT_ALLOWED")
    assert answer.headers["allow"] == "DELETE, GET, POST"


async def test_allowed_methods_are_those_of_the_written_out_path_alone(client: httpx.AsyncClient) -> None:
    assert (await client.put("/api/v1/jobs/upload")).headers["allow"] == "POST"


async def test_a_bad_field_is_named_in_one_sentence_that_does_not_repeat_its_value(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/jobs/", json=JOB | {"state": "Calif", "email": "jane.doe(at)example"})
    status, code, detail = coded(answer)
    assert (status, code) == (422, "VALIDATION_ERROR")
    assert detail == (
        "Invalid input: email: value is not a valid email address; state: string should match pattern '^[A-Z]{2}$'."
    )


async def test_a_bad_id_in_the_path_is_named(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/jobs/uuid-here")
    assert coded(answer) == (422, "VALIDATION_ERROR", "Invalid input: job_id: input should be a valid UUID.")


async def test_a_missing_body_is_a_validation_error(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/jobs/")
    assert coded(answer) == (422, "VALIDATION_ERROR", "Invalid input: body: field required.")


class Plain(BaseModel):
    detail: str


class PlainFields(BaseModel):
    detail: list[dict[str, Any]]


def plain(problem: Problem, at: datetime) -> Mapping[str, Any]:
    if problem.fields:
        return {"detail": [{"loc": field.location, "msg": field.message} for field in problem.fields]}
    return {"detail": problem.detail}


PLAIN = ErrorShape(Plain, plain, {Refused: Outcome(409, "REFUSED")}, validation_model=PlainFields)


async def test_a_product_words_its_errors_and_chooses_their_statuses_itself() -> None:
    app = sample_app(replace(sample_product(), errors=PLAIN))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        refused = await client.post("/api/v1/jobs/1/fail/refused")
        invalid = await client.get("/api/v1/jobs/search", params={"q": "\0"})
        responses = (await client.get("/openapi.json")).json()["paths"]["/jobs/"]["post"]["responses"]
    assert (refused.status_code, refused.json()) == (409, {"detail": "The job is completed already."})
    assert invalid.json() == {"detail": [{"loc": ["query"], "msg": "must not contain NUL characters"}]}
    models = {status: str(responses[status]["content"]).rpartition("/")[2].strip("'}") for status in ("409", "422")}
    assert models == {"409": "Plain", "422": "PlainFields"}
