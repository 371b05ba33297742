"""What goes over Automation's web socket, word for word as its document has it."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as drawn
from hypothesis import strategies as st

from api.automation.dialect import DIALECT
from projections.live_updates.fold import Kind, live_updates
from projections.live_updates.queries import LiveUpdate
from projections.live_updates.tables import live_update
from tests.grammar import REGISTRY, World, given, happened
from tests.samples import NOW, PAYLOADS
from tests.unit.schemas.avro_values import values


def told(world: World) -> list[dict[str, Any]]:
    """The envelopes of all that happened, by way of what the table holds."""
    envelopes = []
    for row in world.rows(live_update):
        data = orjson.loads(orjson.dumps(row["data"]))
        update = LiveUpdate(row["position"], row["owner"], Kind(row["kind"]), row["channel"], data, row["occurred_at"])
        envelopes.append(json.loads(DIALECT.envelope(update).text))
    return envelopes


@pytest.mark.parametrize(
    ("event", "fields", "type", "data"),
    [
        (
            "JobCreated",
            {"number": 42},
            "job.created",
            {"job_id": 42, "company": "Google", "job_title": "Senior Software Engineer"},
        ),
        (
            "ApplicationStatusChanged",
            {"number": 42, "from_status": "applied", "to_status": "interviewing"},
            "application.status_changed",
            {"job_id": 42, "old_status": "applied", "new_status": "interviewing"},
        ),
        (
            "InterviewScheduled",
            {"job_number": 42, "kind": "technical", "scheduled_at": NOW + timedelta(hours=23)},
            "interview.scheduled",
            {"job_id": 42, "interview_type": "technical", "scheduled_date": "2026-03-03T08:00:00Z"},
        ),
        (
            "FollowUpBecameDue",
            {"number": 10, "due_at": NOW + timedelta(hours=2)},
            "followup.due",
            {"followup_id": 10, "company": "Google", "job_title": "Senior Software Engineer", "hours_until_due": 2},
        ),
        (
            "OfferReceived",
            {"job_number": 42},
            "offer.received",
            {"offer_id": 21, "job_id": 42, "company": "Google", "job_title": "Senior Software Engineer"},
        ),
        (
            "OfferAccepted",
            {"job_number": 42},
            "offer.accepted",
            {"offer_id": 21, "job_id": 42, "company": "Google", "job_title": "Senior Software Engineer"},
        ),
    ],
)
def test_an_event_is_told_as_the_document_shows_it(
    event: str, fields: dict[str, Any], type: str, data: dict[str, Any]
) -> None:
    [envelope] = told(given(happened(event, **fields)))
    assert envelope == {
        "type": type,
        "data": data,
        "timestamp": "2026-03-02T09:00:00Z",
        "position": 1,
    }


def test_an_announcement_names_the_documents_channel() -> None:
    [envelope] = told(given(happened("Announced", channel="follow_ups")))
    assert envelope["type"] == "system.broadcast"
    assert envelope["data"] == {
        "message": "System maintenance in 5 minutes",
        "severity": "warning",
        "channel": "followups",
    }


TYPES = sorted(live_updates.types & PAYLOADS.keys())


def test_every_event_that_is_told_has_a_sample() -> None:
    assert set(TYPES) == live_updates.types


@pytest.mark.parametrize("event", TYPES)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@drawn(data=st.data())
def test_whatever_is_folded_can_be_told(event: str, data: st.DataObject) -> None:
    payload = data.draw(values(dict(REGISTRY.latest(happened(event).topic).declaration)))
    [envelope] = told(World().record(happened(event, UUID(int=7), **payload)))
    assert envelope.keys() == {"type", "data", "timestamp", "position"}


PAGE = (Path(__file__).parents[3] / "docs" / "websocket.md").read_text()


@pytest.mark.parametrize("event", TYPES)
def test_the_clients_page_tells_of_every_type_with_all_its_data(event: str) -> None:
    [envelope] = told(given(happened(event)))
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{envelope['type']}`"))
    assert all(f"`{name}`" in row for name in envelope["data"])
