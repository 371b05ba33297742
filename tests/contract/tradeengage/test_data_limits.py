"""The document's limits on data, on both sides of each bound."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import TypeAdapter

from api.tradeengage.models import Money
from tests.contract.likeness import assert_like
from tests.contract.tradeengage.desk import Desk
from tests.contract.tradeengage.document import ADDRESS, ERROR, HOMEOWNER

Change = Callable[[dict[str, Any]], None]


def setting(path: str, value: Any) -> Change:
    def change(body: dict[str, Any]) -> None:
        *above, name = path.split(".")
        for part in above:
            body = body[part]
        body[name] = value

    return change


def without(path: str) -> Change:
    def change(body: dict[str, Any]) -> None:
        *above, name = path.split(".")
        for part in above:
            body = body[part]
        del body[name]

    return change


def email_of(length: int) -> str:
    """An address of this length, of labels that are no longer than a label may be."""
    domain = ".".join(["d" * 60] * 3) + "."
    return "l" * 60 + "@" + domain + "x" * (length - 61 - len(domain) - 4) + ".com"


GOOD: list[tuple[str, Change]] = [
    ("street of 1", setting("address.street", "s")),
    ("street of 255", setting("address.street", "s" * 255)),
    ("city of 1", setting("address.city", "c")),
    ("city of 100", setting("address.city", "c" * 100)),
    ("state", setting("address.state", "NY")),
    ("zip_code of 5", setting("address.zip_code", "90210")),
    ("zip_code of 10", setting("address.zip_code", "90210-1234")),
    ("name of 1", setting("homeowner.name", "n")),
    ("name of 255", setting("homeowner.name", "n" * 255)),
    ("phone of 20", setting("homeowner.phone", "5" * 20)),
    ("phone of null", setting("homeowner.phone", None)),
    ("no phone", without("homeowner.phone")),
    ("no email", without("homeowner.email")),
    ("email of null", setting("homeowner.email", None)),
    ("the longest email that the format allows", setting("homeowner.email", email_of(254))),
    ("summary of 1", setting("summary", "s")),
    ("summary of 1000", setting("summary", "s" * 1000)),
    ("summary of 1000 characters beyond ASCII", setting("summary", "🚰" * 1000)),
    ("no required_skills", without("required_skills")),
    ("required_skills of none", setting("required_skills", [])),
    ("no skill_levels", without("skill_levels")),
    ("every level", setting("skill_levels", {"a": "basic", "b": "intermediate", "c": "expert"})),
    ("no category", without("category")),
    ("category of null", setting("category", None)),
    ("category of 100", setting("category", "c" * 100)),
    *((f"category {name}", setting("category", name)) for name in ("plumbing", "HVAC", "electrical", "general")),
]
BAD: list[tuple[str, str, Change]] = [
    ("street of 256", "address.street", setting("address.street", "s" * 256)),
    ("street of 0", "address.street", setting("address.street", "")),
    ("no street", "address.street", without("address.street")),
    ("street of null", "address.street", setting("address.street", None)),
    ("city of 101", "address.city", setting("address.city", "c" * 101)),
    ("city of 0", "address.city", setting("address.city", "")),
    ("no city", "address.city", without("address.city")),
    ("state of 1", "address.state", setting("address.state", "C")),
    ("state of 3", "address.state", setting("address.state", "CAL")),
    ("state in lower case", "address.state", setting("address.state", "ca")),
    ("state with a line feed", "address.state", setting("address.state", "CA\n")),
    ("state of digits", "address.state", setting("address.state", "12")),
    ("no state", "address.state", without("address.state")),
    ("zip_code of 4", "address.zip_code", setting("address.zip_code", "9021")),
    ("zip_code of 11", "address.zip_code", setting("address.zip_code", "90210-12345")),
    ("zip_code that is a number", "address.zip_code", setting("address.zip_code", 90210)),
    ("no zip_code", "address.zip_code", without("address.zip_code")),
    ("name of 256", "homeowner.name", setting("homeowner.name", "n" * 256)),
    ("name of 0", "homeowner.name", setting("homeowner.name", "")),
    ("no name", "homeowner.name", without("homeowner.name")),
    ("phone of 21", "homeowner.phone", setting("homeowner.phone", "5" * 21)),
    ("email of 256", "homeowner.email", setting("homeowner.email", email_of(256))),
    ("email that is none", "homeowner.email", setting("homeowner.email", "john.doe")),
    ("email of 0", "homeowner.email", setting("homeowner.email", "")),
    ("summary of 1001", "summary", setting("summary", "s" * 1001)),
    ("summary of 0", "summary", setting("summary", "")),
    ("no summary", "summary", without("summary")),
    ("no address", "address", without("address")),
    ("address of null", "address", setting("address", None)),
    ("no homeowner", "homeowner", without("homeowner")),
    ("company that is no UUID", "created_by_company_id", setting("created_by_company_id", "company-uuid-here")),
    ("no company", "created_by_company_id", without("created_by_company_id")),
    ("technician that is no UUID", "created_by_technician_id", setting("created_by_technician_id", 7)),
    ("no technician", "created_by_technician_id", without("created_by_technician_id")),
    ("required_skills that are a text", "required_skills", setting("required_skills", "plumbing")),
    ("required_skills of numbers", "required_skills[0]", setting("required_skills", [1])),
    ("a level that does not exist", "skill_levels.plumbing", setting("skill_levels", {"plumbing": "master"})),
    ("skill_levels that are a list", "skill_levels", setting("skill_levels", ["plumbing"])),
    ("category of 101", "category", setting("category", "c" * 101)),
]


def named(cases: list[Any]) -> list[Any]:
    return [pytest.param(*case[1:], id=case[0]) for case in cases]


def body(desk: Desk) -> dict[str, Any]:
    return desk.job(address=dict(ADDRESS), homeowner=dict(HOMEOWNER))


@pytest.mark.parametrize("change", named(GOOD))
async def test_what_is_within_the_limits_is_taken(desk: Desk, change: Change) -> None:
    sent = body(desk)
    change(sent)
    answer = await desk.client.post("/jobs/", json=sent)
    assert answer.status_code == 201, answer.text
    job = (await desk.client.get(f"/jobs/{answer.json()['id']}")).json()
    assert job == answer.json()
    assert job["summary"] == sent["summary"]
    assert job["address"] == sent["address"]
    assert job["homeowner"] == {"phone": None, "email": None, **sent["homeowner"]}


@pytest.mark.parametrize(("field", "change"), named(BAD))
async def test_what_is_beyond_them_is_refused_and_named(desk: Desk, field: str, change: Change) -> None:
    sent, head = body(desk), await desk.head()
    change(sent)
    answer = await desk.client.post("/jobs/", json=sent)
    assert answer.status_code == 422, answer.text
    assert_like(ERROR, answer.json())
    assert answer.json()["error_code"] == "VALIDATION_ERROR"
    assert field in answer.json()["detail"]
    assert await desk.head() == head


async def test_ids_status_and_times_are_made_here_whatever_is_sent(desk: Desk) -> None:
    wish = {
        "id": str(uuid4()),
        "status": "completed",
        "revenue": 1,
        "completed_at": "2020-01-01T00:00:00Z",
        "created_at": "2020-01-01T00:00:00Z",
    }
    job = await desk.post(**wish)
    assert UUID(job["id"]) != UUID(wish["id"])
    assert (job["status"], job["revenue"], job["completed_at"]) == ("pending", None, None)
    assert job["created_at"] == job["updated_at"] != wish["created_at"]


async def test_a_revenue_has_two_decimals(desk: Desk) -> None:
    schema = (await desk.client.get("/openapi.json")).json()["components"]["schemas"]["Job"]["properties"]
    assert {"type": "number"}.items() <= schema["revenue"]["anyOf"][0].items()
    assert TypeAdapter(Money).dump_python(Decimal("450.00")) == 450.0
    assert TypeAdapter(Money).dump_python(Decimal("0.10")) == 0.1


@pytest.mark.parametrize(
    ("skip", "limit", "status"), [(0, 1, 200), (0, 1000, 200), (-1, 1, 422), (0, 0, 422), (0, 1001, 422), ("x", 1, 422)]
)
async def test_pages_have_bounds(desk: Desk, skip: Any, limit: int, status: int) -> None:
    answer = await desk.client.get("/jobs/", params={"skip": skip, "limit": limit})
    assert answer.status_code == status
    assert status == 200 or answer.json()["error_code"] == "VALIDATION_ERROR"
