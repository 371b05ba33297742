import json
from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.pos.provider import ExternalStatus
from infra.pos.webhook import BadDelivery, BadSignature, completion, sign, verify


def delivery(**changes: object) -> bytes:
    routing = {"key": "jobstreamRoutingId", "value": str(uuid4())}
    data = {
        "id": 10003,
        "jobStatus": "Completed",
        "completedOn": "2025-08-27T18:00:00Z",
        "total": 450.25,
        "externalData": [routing],
    }
    event = {"id": "d-1", "type": "job.completed", "tenantId": "acme", "occurredOn": "2025-08-27T18:00:01Z"}
    return json.dumps(event | {"data": data} | changes).encode()


@given(body=st.binary())
def test_a_body_signed_with_our_secret_is_accepted(body: bytes) -> None:
    verify("secret", body, sign("secret", body))
    verify("secret", body, sign("secret", body).upper())


@pytest.mark.parametrize("signature", [None, "", "00", "é", sign("other", b"body"), sign("secret", b"other body")])
def test_any_other_signature_is_refused(signature: str | None) -> None:
    with pytest.raises(BadSignature):
        verify("secret", b"body", signature)


def test_an_empty_secret_accepts_nothing() -> None:
    with pytest.raises(BadSignature):
        verify("", b"body", sign("", b"body"))


def test_a_completed_job_is_read_with_its_tenant() -> None:
    done = completion(delivery())
    assert done is not None
    assert (done.delivery_id, done.tenant, done.job.external_id) == ("d-1", "acme", "10003")
    assert (done.job.status, done.job.revenue) == (ExternalStatus.COMPLETED, Decimal("450.25"))
    assert done.job.completed_at == datetime(2025, 8, 27, 18, tzinfo=UTC)
    assert done.job.routing_id is not None


def test_other_kinds_of_delivery_are_nothing_to_us() -> None:
    assert completion(delivery(type="customer.updated", data={"name": "Jane Smith"})) is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"<html>",
        b"\xff",
        delivery(data={}),
        delivery(tenantId=None),
        delivery(data={"id": 1, "jobStatus": "Hold"}),
        delivery(data={"id": 1, "jobStatus": "Completed", "total": "NaN"}),
    ],
)
def test_a_body_that_makes_no_sense_is_told_apart(body: bytes) -> None:
    with pytest.raises(BadDelivery):
        completion(body)
