"""Errors: `{detail, error_code, timestamp}`, whatever went wrong and wherever."""

from typing import Any

import pytest

from tests.contract.likeness import assert_like
from tests.contract.tradeengage.desk import Desk
from tests.contract.tradeengage.document import ERROR

SOMEBODY = "0192f0c1-0000-7000-8000-0000000000aa"


@pytest.mark.parametrize(
    ("method", "path", "content", "status", "code"),
    [
        ("GET", f"/jobs/{SOMEBODY}", None, 404, "NOT_FOUND"),
        ("GET", f"/jobs/{SOMEBODY}/routings", None, 404, "NOT_FOUND"),
        ("POST", f"/jobs/{SOMEBODY}/sync", {"company_id": SOMEBODY}, 404, "NOT_FOUND"),
        ("GET", f"/companies/{SOMEBODY}", None, 404, "NOT_FOUND"),
        ("PATCH", f"/companies/{SOMEBODY}", {"name": "x"}, 404, "NOT_FOUND"),
        ("GET", f"/companies/{SOMEBODY}/technicians/", None, 404, "NOT_FOUND"),
        ("POST", f"/companies/{SOMEBODY}/technicians/", {"name": "x"}, 404, "NOT_FOUND"),
        ("GET", "/nowhere", None, 404, "NOT_FOUND"),
        ("GET", "/jobs/job-uuid-here", None, 422, "VALIDATION_ERROR"),
        ("GET", "/jobs/?limit=-1", None, 422, "VALIDATION_ERROR"),
        ("POST", f"/jobs/{SOMEBODY}/sync", {}, 422, "VALIDATION_ERROR"),
        ("POST", "/jobs/", {}, 422, "VALIDATION_ERROR"),
        ("POST", "/jobs/", [], 422, "VALIDATION_ERROR"),
        ("DELETE", f"/jobs/{SOMEBODY}", None, 405, "METHOD_NOT_ALLOWED"),
    ],
)
async def test_an_error_has_the_documented_shape(
    desk: Desk, method: str, path: str, content: Any, status: int, code: str
) -> None:
    answer = await desk.client.request(method, path, json=content)
    assert (answer.status_code, answer.json()["error_code"]) == (status, code)
    assert_like(ERROR, answer.json())
    assert answer.headers["content-type"] == "application/json"


async def test_an_unknown_company_is_not_found_and_an_unrelated_technician_is_refused(desk: Desk) -> None:
    unknown = await desk.client.post("/jobs/", json=desk.job(created_by_company_id=SOMEBODY))
    assert (unknown.status_code, unknown.json()["error_code"]) == (404, "NOT_FOUND")
    other = await desk.register(name="Other", service_area={"states": ["AK"]})
    unrelated = await desk.client.post("/jobs/", json=desk.job(created_by_company_id=other["id"]))
    assert (unrelated.status_code, unrelated.json()["error_code"]) == (400, "VALIDATION_ERROR")
    assert unrelated.json()["detail"] == "Technician does not belong to the requesting company"


async def test_an_unexpected_error_says_nothing_of_the_inside(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: object) -> None:
        raise RuntimeError("secret-of-the-inside")

    monkeypatch.setattr("api.tradeengage.jobs.CreateServiceJob", broken)
    answer = await desk.client.post("/jobs/", json=desk.job())
    assert (answer.status_code, answer.json()["error_code"]) == (500, "INTERNAL_ERROR")
    assert_like(ERROR, answer.json())
    assert "secret" not in answer.text


async def test_an_error_repeats_nothing_personal(desk: Desk) -> None:
    sent = desk.job(homeowner={"name": "Jane Smith", "email": "jane.smith at email.com", "phone": "5" * 30})
    answer = await desk.client.post("/jobs/", json=sent)
    assert answer.status_code == 422
    assert not any(text in answer.text for text in ("Jane", "jane", "5555"))
