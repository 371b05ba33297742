"""What is written reads back the same; what would not is refused; what cannot be read says so and shows nothing."""

import contextlib
import struct
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.codec import UndecodableEvent, UnencodableEvent
from schemas.recorded import Recorded
from schemas.registry import BadSchema, Registry, UnknownEventType
from tests.unit.schemas.avro_values import NOW, STREAM, UUID_TYPE, field, record, recorded, registry_of, values
from tests.unit.schemas.key_rings import Process

REGISTRY = Registry()
SYNCED = {"external_id": "ST-1", "attempt": 2, "ambiguous": True}


async def encoded(process: Process, type: str, payload: dict[str, Any]) -> bytes:
    keys = await process.codec.prepare(process.codec.subjects(type, payload, STREAM))
    data = process.codec.encode(type, payload, STREAM, keys)
    process.table.store(keys)
    process.codec.keep(keys)
    return data


@pytest.mark.parametrize("type", REGISTRY.types)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
async def test_every_event_reads_back_as_it_was_written(type: str, data: st.DataObject) -> None:
    payload = data.draw(values(REGISTRY.latest(type).declaration))
    process = Process(registry=REGISTRY)
    event = recorded(type, await encoded(process, type, payload), process.codec.decode)
    await process.codec.open([event])
    assert event.payload == payload


async def test_bytes_begin_with_a_zero_and_the_schema_id_in_four_bytes() -> None:
    data = await encoded(Process(), "dispatch.RoutingSynced", SYNCED)
    assert struct.unpack(">bI", data[:5]) == (0, REGISTRY.latest("dispatch.RoutingSynced").id)
    assert data[5:] == b"\x08ST-1\x04\x01"


class Colour(StrEnum):
    RED = "RED"


EVERYTHING = record(
    "Opened",
    field("text", "string"),
    field("whom", UUID_TYPE),
    field("flag", "boolean"),
    field("raw", "bytes"),
    field("count", "int"),
    field("total", "long"),
    field("score", "double"),
    field("at", {"type": "long", "logicalType": "timestamp-micros"}),
    field("price", {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2}),
    field("colour", {"type": "enum", "name": "jobstream.test.Colour", "symbols": ["RED", "BLUE"]}),
    field("second", "jobstream.test.Colour"),
    field("names", {"type": "array", "items": "string"}),
    field("levels", {"type": "map", "values": "long"}),
    field("place", {"type": "record", "name": "jobstream.test.Place", "fields": [field("zip", ["null", "string"])]}),
)
PAYLOAD = {
    "text": "some",
    "whom": STREAM,
    "flag": True,
    "raw": b"\x00\xff",
    "count": 3,
    "total": 2**40,
    "score": 0.5,
    "at": NOW,
    "price": Decimal("12.50"),
    "colour": "RED",
    "second": "BLUE",
    "names": ["a", "b"],
    "levels": {"a": 1},
    "place": {"zip": None},
}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(payload=values(EVERYTHING))
async def test_every_type_that_we_record_reads_back_as_it_was_written(tmp_path: Path, payload: dict[str, Any]) -> None:
    process = Process(registry=registry_of(tmp_path, EVERYTHING))
    event = recorded("test.Opened", await encoded(process, "test.Opened", payload), process.codec.decode)
    assert event.payload == payload


@pytest.mark.parametrize(
    ("name", "value", "refusal"),
    [
        ("text", 5, "text takes a string"),
        ("text", None, "text takes a string"),
        ("text", "\ud800", "lone surrogate"),
        ("whom", str(STREAM), "whom takes a UUID"),
        ("flag", "no", "flag takes true or false"),
        ("flag", 0, "flag takes true or false"),
        ("raw", "text", "raw takes bytes"),
        ("count", 2**31, "count takes an integer of 32 bits"),
        ("count", True, "count takes an integer"),
        ("count", 1.0, "count takes an integer"),
        ("total", 2**63, "total takes an integer of 64 bits"),
        ("score", float("nan"), "score takes a finite number"),
        ("score", float("inf"), "score takes a finite number"),
        ("score", 2**53 + 1, "score takes a finite number"),
        ("score", "0.5", "score takes a finite number"),
        ("at", NOW.replace(tzinfo=None), "at takes a time with its zone"),
        ("at", datetime.max.replace(tzinfo=timezone(timedelta(hours=-1))), "at takes a time with its zone"),
        ("at", 1_700_000_000, "at takes a time with its zone"),
        ("price", Decimal("0.001"), "price takes a decimal of at most 12 digits"),
        ("price", Decimal("12345678901.00"), "price takes a decimal"),
        ("price", Decimal("NaN"), "price takes a decimal"),
        ("price", Decimal("sNaN"), "price takes a decimal"),
        ("price", Decimal("Infinity"), "price takes a decimal"),
        ("price", Decimal("1E+999999"), "price takes a decimal"),
        ("price", 12.5, "price takes a decimal"),
        ("colour", "GREEN", "colour takes one of RED, BLUE"),
        ("names", "letters", "names takes a list"),
        ("names", ["a", 5], r"names\.\[\] takes a string"),
        ("levels", ["a"], "levels takes a mapping"),
        ("levels", {1: 1}, r"levels\.\{\} takes a string"),
        ("levels", {"a": None}, r"levels\.\{\} takes an integer"),
        ("place", {"zip": 90001}, r"place\.zip takes a string"),
        ("place", {"zap": "x"}, r"place\.zap takes no field of that name"),
        ("place", {}, r"place\.zip takes a value and has none"),
        ("other", "x", "other takes no field of that name"),
    ],
)
async def test_a_value_that_would_not_read_back_the_same_is_refused(
    tmp_path: Path, name: str, value: Any, refusal: str
) -> None:
    process = Process(registry=registry_of(tmp_path, EVERYTHING))
    with pytest.raises(UnencodableEvent, match=refusal):
        await encoded(process, "test.Opened", {**PAYLOAD, name: value})


@pytest.mark.parametrize(
    ("name", "value", "reads"),
    [
        ("names", ("a", "b"), ["a", "b"]),
        ("price", Decimal("12.5"), Decimal("12.50")),
        ("price", Decimal("12.500"), Decimal("12.50")),
        ("price", Decimal("1E+3"), Decimal("1000.00")),
        ("at", NOW.astimezone(timezone(timedelta(hours=-7))), NOW),
        ("at", datetime(1066, 10, 14, 9, 0, 0, 1, tzinfo=UTC), datetime(1066, 10, 14, 9, 0, 0, 1, tzinfo=UTC)),
        ("score", 1, 1.0),
        ("text", Colour.RED, "RED"),
        ("colour", Colour.RED, "RED"),
        ("levels", {Colour.RED: 1}, {"RED": 1}),
    ],
)
async def test_an_equal_value_in_another_form_is_accepted(tmp_path: Path, name: str, value: Any, reads: Any) -> None:
    process = Process(registry=registry_of(tmp_path, EVERYTHING))
    data = await encoded(process, "test.Opened", {**PAYLOAD, name: value})
    assert recorded("test.Opened", data, process.codec.decode)[name] == reads


@pytest.mark.parametrize(
    "type", ["float", ["string", "long"], ["null", "string", "long"], {"type": "int", "logicalType": "date"}]
)
async def test_a_schema_whose_values_would_not_read_back_the_same_is_refused(tmp_path: Path, type: Any) -> None:
    process = Process(registry=registry_of(tmp_path, record("Opened", field("a", type))))
    with pytest.raises(BadSchema):
        await encoded(process, "test.Opened", {"a": None})


async def test_a_missing_field_takes_its_default_and_without_one_is_refused(tmp_path: Path) -> None:
    schema = record("Opened", field("a", "string"), field("b", ["null", "string"], default=None))
    process = Process(registry=registry_of(tmp_path, schema))
    data = await encoded(process, "test.Opened", {"a": "x"})
    assert recorded("test.Opened", data, process.codec.decode).payload == {"a": "x", "b": None}
    with pytest.raises(UnencodableEvent, match="a takes a value and has none"):
        await encoded(process, "test.Opened", {"b": "x"})


async def test_an_event_without_a_schema_is_refused() -> None:
    with pytest.raises(UnknownEventType, match=r"dispatch\.RoutingLost"):
        await encoded(Process(), "dispatch.RoutingLost", {})


async def test_what_an_earlier_version_wrote_reads_in_the_latest_versions_fields(tmp_path: Path) -> None:
    first = record("Opened", field("count", "int"), field("gone", "string"))
    tags = field("tags", {"type": "array", "items": "string"}, default=[])
    second = record("Opened", field("count", ["null", "long"]), tags)
    (tmp_path / "old").mkdir()
    older = Process(registry=registry_of(tmp_path / "old", first))
    data = await encoded(older, "test.Opened", {"count": 3, "gone": "x"})
    process = Process(registry=registry_of(tmp_path, first, second))
    assert recorded("test.Opened", data, process.codec.decode).payload == {"count": 3, "tags": []}
    newer = await encoded(process, "test.Opened", {"count": None, "tags": ["a"]})
    assert recorded("test.Opened", newer, process.codec.decode).payload == {"count": None, "tags": ["a"]}


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda data: b"", "does not begin with a zero byte"),
        (lambda data: data[:3], "does not begin with a zero byte"),
        (lambda data: b"\x01" + data[1:], "does not begin with a zero byte"),
        (lambda data: b"\x00\x00\x00\xff\xff" + data[5:], "schema id 65535 is unknown here"),
        (lambda data: data[:-1], "no record of its schema"),
        (lambda data: data[:5], "no record of its schema"),
        (lambda data: data + b"\x00", "bytes follow its record"),
    ],
)
async def test_bytes_that_are_no_event_are_named_and_not_shown(damage: Any, reason: str) -> None:
    process = Process()
    data = damage(await encoded(process, "dispatch.RoutingSynced", {**SYNCED, "external_id": "SECRET"}))
    event = recorded("dispatch.RoutingSynced", data, process.codec.decode, position=41)
    await process.codec.open([event])
    with pytest.raises(UndecodableEvent, match=reason) as refused:
        _ = event.payload
    assert "dispatch.RoutingSynced at position 41" in str(refused.value)
    assert "SECRET" not in str(refused.value)
    assert refused.value.__cause__ is None


async def test_bytes_of_another_event_are_refused() -> None:
    process = Process()
    data = await encoded(process, "dispatch.RoutingSynced", SYNCED)
    with pytest.raises(UndecodableEvent, match=r"its schema is of dispatch\.RoutingSynced"):
        _ = recorded("dispatch.RoutingClaimed", data, process.codec.decode).payload


def _reads_or_is_refused(type: str, data: bytes) -> None:
    event = recorded(type, data, Process(registry=REGISTRY).codec.decode)
    with contextlib.suppress(UndecodableEvent):
        assert isinstance(event.payload, dict)


@pytest.mark.parametrize("type", ["dispatch.RoutingCreated", "dispatch.CompanyUpdated", "dispatch.ServiceJobCompleted"])
@settings(max_examples=200, deadline=None)
@given(noise=st.binary(max_size=80))
def test_any_bytes_either_read_or_are_refused_as_undecodable(type: str, noise: bytes) -> None:
    _reads_or_is_refused(type, struct.pack(">bI", 0, REGISTRY.latest(type).id) + noise)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
async def test_a_damaged_event_either_reads_or_is_refused_as_undecodable(data: st.DataObject) -> None:
    type = "dispatch.RoutingCreated"
    payload = data.draw(values(REGISTRY.latest(type).declaration))
    damaged = bytearray(await encoded(Process(registry=REGISTRY), type, payload))
    damaged[data.draw(st.integers(5, len(damaged) - 1))] ^= data.draw(st.integers(1, 255))
    _reads_or_is_refused(type, bytes(damaged))


async def test_an_event_is_decoded_once_and_only_when_asked() -> None:
    process = Process()
    data = await encoded(process, "dispatch.RoutingSynced", SYNCED)
    calls: list[Recorded] = []

    def decode(event: Recorded) -> Mapping[str, Any]:
        calls.append(event)
        return process.codec.decode(event)

    event = recorded("dispatch.RoutingSynced", data, decode)
    assert calls == []
    assert (event["attempt"], event["ambiguous"]) == (2, True)
    assert calls == [event]
