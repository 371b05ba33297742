"""Hypothesis strategies for what events record, made from their schemas; and schema folders made for a test."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from schemas.ids import add_new
from schemas.recorded import Decode, Recorded
from schemas.registry import Registry

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
STREAM = UUID("0192f0c1-0000-7000-8000-000000000001")
UUID_TYPE = {"type": "string", "logicalType": "uuid"}

_PLAIN: Mapping[tuple[str, str | None], st.SearchStrategy[Any]] = {
    ("null", None): st.none(),
    ("string", None): st.text(max_size=40),
    ("string", "uuid"): st.uuids(),
    ("boolean", None): st.booleans(),
    ("bytes", None): st.binary(max_size=40),
    ("int", None): st.integers(-(2**31), 2**31 - 1),
    ("long", None): st.integers(-(2**63), 2**63 - 1),
    ("double", None): st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53),
    ("long", "timestamp-micros"): st.datetimes(
        (datetime.min.replace(tzinfo=UTC) + timedelta(days=1)).replace(tzinfo=None),
        (datetime.max.replace(tzinfo=UTC) - timedelta(days=1)).replace(tzinfo=None),
        timezones=st.sampled_from([UTC, timezone(timedelta(hours=-7))]),
    ),
}


def values(schema: Any, named: dict[str, st.SearchStrategy[Any]] | None = None) -> st.SearchStrategy[Any]:
    """Every value that an Avro schema takes, as Python has it."""
    named = {} if named is None else named
    if isinstance(schema, list):
        return st.one_of([values(branch, named) for branch in schema])
    if isinstance(schema, str):
        if schema in named:
            return named[schema]
        schema = {"type": schema}
    kind, logical = schema["type"], schema.get("logicalType")
    if (kind, logical) in _PLAIN:
        return _PLAIN[kind, logical]
    made = _made(schema, kind, named)
    if "name" in schema:
        named[schema["name"]] = made
    return made


def _made(schema: Mapping[str, Any], kind: str, named: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    match kind:
        case "bytes":
            bound = Decimal(10) ** (schema["precision"] - schema["scale"]) - Decimal(1).scaleb(-schema["scale"])
            return st.decimals(-bound, bound, places=schema["scale"])
        case "enum":
            return st.sampled_from(schema["symbols"])
        case "array":
            return st.lists(values(schema["items"], named), max_size=4)
        case "map":
            return st.dictionaries(st.text(max_size=10), values(schema["values"], named), max_size=4)
        case _:
            return st.fixed_dictionaries({field["name"]: values(field["type"], named) for field in schema["fields"]})


def record(name: str, *fields: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "record", "name": name, "namespace": "jobstream.test", "fields": list(fields), **more}


def field(name: str, type: Any, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": type, **more}


def registry_of(folder: Path, *versions: Mapping[str, Any]) -> Registry:
    """A registry of the one event `test.<name>`, whose versions are given oldest first."""
    (folder / "test").mkdir(exist_ok=True)
    for number, schema in enumerate(versions, start=1):
        (folder / "test" / f"{schema['name']}.v{number}.avsc").write_text(json.dumps(schema))
    add_new(folder)
    return Registry(folder)


def recorded(type: str, data: bytes, decode: Decode, stream_id: UUID = STREAM, position: int = 7) -> Recorded:
    category, event = type.split(".")
    return Recorded(
        position=position,
        stream_id=stream_id,
        version=1,
        category=category,
        type=event,
        event_id=STREAM,
        owner=STREAM,
        data=data,
        metadata={},
        occurred_at=NOW,
        recorded_at=NOW,
        epoch=STREAM,
        decode=decode,
    )
