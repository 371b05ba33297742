"""Writes the parts of docs/events.md that follow from schemas/*/*.avsc and streams/topics.py.

Run it after a change of either: python docs/generate_events.py
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from schemas.registry import EventSchema, Registry
from streams import topics

PAGE = Path(__file__).with_name("events.md")

_MOMENT = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)
_ID = UUID("0192f0c1-0000-7000-8000-000000000001")
_BY_NAME: Mapping[str, Any] = {
    "all_day": False,
    "doubtful": False,
    "link": "https://www.google.com/calendar/event?eid=Y2FsX2FiYzEyMw",
    "reminders": [1440, 60, 15],
    "summary": "Technical Interview: Senior Software Engineer at Google",
    "actor": "development",
    "algorithm": "skills-1",
    "base_salary": Decimal("180000.00"),
    "base_salary_before": Decimal("175000.00"),
    "bonus": Decimal("30000.00"),
    "by_mail": True,
    "categories": ["plumbing"],
    "category": "plumbing",
    "changed": ["active"],
    "channel": "system",
    "city": "Anytown",
    "company": "Google",
    "credentials_ref": None,
    "description": "We are looking for…",
    "duration_minutes": 60,
    "equity": "100000 RSUs over 4 years",
    "error": "servicetitan: connection lost during create (ReadError)",
    "external_id": "mock-10001",
    "features": {"skills": 3.0, "levels": 1.0, "category": 0.5, "area": 0.4},
    "follows": 1,
    "from_status": "interviewing",
    "important": True,
    "job_number": 42,
    "left_alone": [3],
    "location": "Mountain View, CA",
    "matched_skills": ["plumbing"],
    "matching_score": 4.9,
    "message": "System maintenance in 5 minutes",
    "name": "Buckeye Plumbing",
    "number": 42,
    "offer_number": 21,
    "only_without_response": False,
    "other_benefits": "Health insurance, 401k match",
    "outcome": "passed",
    "outcome_before": None,
    "provider_type": "mock",
    "reason": "asked by e-mail",
    "reference": "linkedin_42",
    "removed": ["mock-10002"],
    "required_skills": ["plumbing"],
    "restored": [2],
    "revenue": Decimal("450.00"),
    "severity": "warning",
    "routings": 2,
    "salary_max": Decimal("220000.00"),
    "salary_min": Decimal("150000.00"),
    "send_automatically": False,
    "sequence": "post_application",
    "skill_levels": {"plumbing": "expert"},
    "skills": {"plumbing": "expert"},
    "source": "linkedin",
    "state": "CA",
    "states": ["OH"],
    "status": "pending",
    "title": "Senior Software Engineer",
    "to_status": "offer_received",
    "url": "https://careers.google.com/jobs/123",
    "victims": [{"application_id": _ID, "job_number": 2, "from_status": "applied"}],
    "worker": "host/4711",
    "zip_code": "90210",
    "zip_prefixes": ["410"],
}
_BY_EVENT: Mapping[tuple[str, str], Any] = {
    ("ApplicationClosed", "status"): "applied",
    ("ApplicationRestored", "from_status"): "withdrawn",
    ("ApplicationRestored", "to_status"): "applied",
    ("CalendarEventRemoved", "reason"): "interview_cancelled",
    ("CalendarEventScheduled", "kind"): "interview",
    ("CalendarSyncFailed", "error"): "google: cannot be reached (ConnectError)",
    ("ApplicationStatusChanged", "reason"): "offer_received",
    ("FollowUpBecameDue", "kind"): "post_application",
    ("FollowUpCancelled", "reason"): "application_ended",
    ("FollowUpMailFailed", "error"): "smtp: no answer in time",
    ("FollowUpScheduled", "kind"): "post_application",
    ("InterviewChanged", "changed"): ["scheduled_at"],
    ("InterviewChanged", "kind"): "phone",
    ("InterviewOutcomeRecorded", "kind"): "phone",
    ("InterviewScheduled", "kind"): "phone",
    ("JobUpdated", "changed"): ["title"],
    ("NoteAdded", "kind"): "general",
    ("NoteChanged", "changed"): ["content"],
    ("NoteChanged", "kind"): "general",
    ("OfferChanged", "changed"): ["base_salary"],
    ("OfferNegotiated", "kind"): "counter_offer",
}
_BY_TYPE: Mapping[str, Any] = {
    "boolean": True,
    "int": 1,
    "uuid": _ID,
    "timestamp-micros": _MOMENT,
}


def page() -> str:
    """docs/events.md as it should be."""
    text = PAGE.read_text()
    for mark, lines in (("topics", _topics()), ("events", _events(Registry()))):
        before, start, rest = text.partition(f"<!-- {mark} -->\n")
        _, end, after = rest.partition("\n<!-- end -->")
        text = before + start + "\n".join(lines) + end + after
    return text


def example(schema: EventSchema) -> dict[str, Any]:
    """A payload that fits the schema, personal fields sealed."""
    sealed = {field.name for field in schema.personal}
    fields = schema.declaration["fields"]
    return {field["name"]: "enc:1:…" if field["name"] in sealed else _value(schema, field) for field in fields}


def _value(schema: EventSchema, field: Mapping[str, Any]) -> Any:
    name, type_ = field["name"], field["type"]
    if schema.event == "CompanyUpdated" and name not in ("changed", "active"):
        return None
    if (schema.event, name) in _BY_EVENT:
        return _BY_EVENT[schema.event, name]
    if name in _BY_NAME:
        return _BY_NAME[name]
    return _BY_TYPE[_plain(type_[1] if isinstance(type_, list) else type_)]


def _topics() -> Iterator[str]:
    yield "| Topic | Partitions | Kept | Holds |"
    yield "|---|---|---|---|"
    for context, topic in topics.EVENTS.items():
        yield f"| `{topic.name}` | {topic.partitions} | for ever | the events of the context `{context}` |"
    yield f"| `{topics.POSITIONS.name}` | {topics.POSITIONS.partitions} | the latest | how far the relay has come |"


def _events(registry: Registry) -> Iterator[str]:
    for type_ in registry.types:
        schema = registry.latest(type_)
        yield f"\n### {type_}\n"
        yield f"{schema.declaration['doc']} (Version {schema.version}, schema id {schema.id}.)\n"
        yield "| Field | Type | Meaning |"
        yield "|---|---|---|"
        personal = {field.name: field for field in schema.personal}
        for field in schema.declaration["fields"]:
            about = [field["doc"]] if "doc" in field else []
            if mark := personal.get(field["name"]):
                erased = "null" if mark.erased is None else f"`{mark.erased}`"
                about.append(f"🔒 of the subject `{mark.subject}`; erased it reads {erased}.")
            yield f"| `{field['name']}` | {_spoken(field['type'])} | {' '.join(about)} |"
        yield f"\n```json\n{json.dumps(_shown(example(schema)), indent=2, ensure_ascii=False)}\n```"


def _spoken(type_: Any) -> str:
    match type_:
        case ["null", other]:
            return f"{_spoken(other)} or null"
        case {"type": "record", "fields": fields}:
            return "{" + ", ".join(f"{field['name']}: {_spoken(field['type'])}" for field in fields) + "}"
        case {"type": "array", "items": items}:
            return f"array of {_spoken(items)}"
        case {"type": "map", "values": values}:
            return f"map to {_spoken(values)}"
        case {"logicalType": "decimal", "precision": precision, "scale": scale}:
            return f"decimal ({precision} digits, {scale} after the point)"
    return _plain(type_)


def _plain(type_: Any) -> str:
    return type_ if isinstance(type_, str) else str(type_.get("logicalType", type_["type"]))


def _shown(value: Any) -> Any:
    match value:
        case dict():
            return {name: _shown(each) for name, each in value.items()}
        case list():
            return [_shown(each) for each in value]
        case datetime() | UUID() | Decimal():
            return str(value)
    return value


if __name__ == "__main__":
    PAGE.write_text(page())
