"""A schema that cannot read what an earlier version wrote is refused; one that is accepted really reads it."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from fastavro import parse_schema, schemaless_reader, schemaless_writer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.compatibility import IncompatibleSchemas, check_compatibility, incompatibilities
from schemas.registry import Registry
from tests.unit.schemas.avro_values import UUID_TYPE, field, record, registry_of, values

DECIMAL = {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2}
PERSONAL = {"subject": "stream_id", "erased": "(erased)"}


def enum(*symbols: str, **more: Any) -> dict[str, Any]:
    return {"type": "enum", "name": "jobstream.test.Colour", "symbols": list(symbols), **more}


def inner(*fields: dict[str, Any], name: str = "Inner") -> dict[str, Any]:
    return {"type": "record", "name": f"jobstream.test.{name}", "fields": list(fields)}


def test_every_event_can_be_read_in_its_latest_version() -> None:
    check_compatibility(Registry())


COMPATIBLE = {
    "same": ("string", "string"),
    "int to long": ("int", "long"),
    "int to double": ("int", "double"),
    "long to double": ("long", "double"),
    "string to bytes": ("string", "bytes"),
    "to nullable": ("string", ["null", "string"]),
    "to nullable and wider": ("int", ["null", "long"]),
    "uuid to nullable uuid": (UUID_TYPE, ["null", UUID_TYPE]),
    "wider in an array": ({"type": "array", "items": "int"}, {"type": "array", "items": "long"}),
    "wider in a map": ({"type": "map", "values": "int"}, {"type": "map", "values": "double"}),
    "symbol added": (enum("RED"), enum("RED", "BLUE")),
    "symbol removed with default": (enum("RED", "BLUE"), enum("RED", default="RED")),
    "field added to an inner record": (inner(), inner(field("a", "long", default=3))),
    "field removed from an inner record": (inner(field("a", "long")), inner()),
    "field of an inner record wider": (inner(field("a", "int")), inner(field("a", ["null", "long"]))),
}
INCOMPATIBLE = {
    "another type": ("string", "long"),
    "narrower": ("long", "int"),
    "no longer nullable": (["null", "string"], "string"),
    "another branch": ("boolean", ["null", "string"]),
    "uuid to text": (UUID_TYPE, "string"),
    "text to uuid": ("string", UUID_TYPE),
    "uuid to nullable text": (UUID_TYPE, ["null", "string"]),
    "another scale": (DECIMAL, {**DECIMAL, "scale": 3}),
    "decimal to bytes": (DECIMAL, "bytes"),
    "time to number": ({"type": "long", "logicalType": "timestamp-micros"}, "long"),
    "narrower in an array": ({"type": "array", "items": "long"}, {"type": "array", "items": "int"}),
    "another type in a map": ({"type": "map", "values": "long"}, {"type": "map", "values": "string"}),
    "array to map": ({"type": "array", "items": "long"}, {"type": "map", "values": "long"}),
    "symbol removed": (enum("RED", "BLUE"), enum("RED")),
    "inner record renamed": (inner(), inner(name="Other")),
    "field without default in an inner record": (inner(), inner(field("a", "long"))),
}


@pytest.mark.parametrize("case", COMPATIBLE)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
@given(data=st.data())
def test_what_is_accepted_reads_what_was_written(tmp_path: Path, case: str, data: st.DataObject) -> None:
    before, after = (record("Opened", field("a", type)) for type in COMPATIBLE[case])
    value = data.draw(values(parse_schema(before)))
    out = BytesIO()
    schemaless_writer(out, parse_schema(before), value)
    out.seek(0)
    schemaless_reader(out, parse_schema(before), parse_schema(after))
    assert out.read() == b""


@pytest.mark.parametrize("case", COMPATIBLE)
def test_a_compatible_change_is_accepted(tmp_path: Path, case: str) -> None:
    check_compatibility(registry_of(tmp_path, *(record("Opened", field("a", type)) for type in COMPATIBLE[case])))


@pytest.mark.parametrize("case", INCOMPATIBLE)
def test_an_incompatible_change_is_refused(tmp_path: Path, case: str) -> None:
    registry = registry_of(tmp_path, *(record("Opened", field("a", type)) for type in INCOMPATIBLE[case]))
    with pytest.raises(IncompatibleSchemas, match=r"test.Opened.v2 cannot read test.Opened.v1: a"):
        check_compatibility(registry)


@pytest.mark.parametrize(
    ("new", "accepted"),
    [
        (field("b", "string", default=""), True),
        (field("b", ["null", "string"], default=None), True),
        (field("b", {"type": "array", "items": "string"}, default=[]), True),
        (field("b", {"type": "map", "values": "long"}, default={"x": 1}), True),
        (field("b", "double", default=0.5), True),
        (field("b", enum("RED"), default="RED"), True),
        (field("b", "string"), False),
        (field("b", ["null", "string"]), False),
        (field("b", ["null", "string"], default="x"), False),
        (field("b", "string", default="", aliases=["a"]), False),
    ],
)
def test_a_field_may_be_added_only_with_a_default(tmp_path: Path, new: dict[str, Any], accepted: bool) -> None:
    first = record("Opened", field("a", "string"))
    registry = registry_of(tmp_path, first, record("Opened", field("a", "string"), new))
    reader, writer = registry.versions("test.Opened")[::-1]
    assert (incompatibilities(reader, writer) == []) is accepted


def test_a_version_must_read_all_earlier_ones_and_not_only_the_last(tmp_path: Path) -> None:
    registry = registry_of(
        tmp_path,
        record("Opened", field("a", "string")),
        record("Opened"),
        record("Opened", field("a", "long", default=0)),
    )
    with pytest.raises(IncompatibleSchemas) as refused:
        check_compatibility(registry)
    assert str(refused.value) == "test.Opened.v3 cannot read test.Opened.v1: a: was string and is long"


@pytest.mark.parametrize(
    ("after", "accepted"),
    [
        ([field("whom", UUID_TYPE), field("a", ["null", "string"], personal=PERSONAL)], True),
        ([field("whom", UUID_TYPE)], True),
        ([field("whom", UUID_TYPE), field("a", "string", personal={**PERSONAL, "erased": "gone"})], True),
        ([field("whom", UUID_TYPE), field("a", "string")], False),
        ([field("whom", UUID_TYPE), field("a", "string", personal={**PERSONAL, "subject": "whom"})], False),
    ],
    ids=["nullable", "removed", "reads otherwise", "no longer personal", "another subject"],
)
def test_a_personal_field_stays_personal_and_with_its_subject(
    tmp_path: Path, after: list[dict[str, Any]], accepted: bool
) -> None:
    first = record("Opened", field("whom", UUID_TYPE), field("a", "string", personal=PERSONAL))
    reader, writer = registry_of(tmp_path, first, record("Opened", *after)).versions("test.Opened")[::-1]
    assert (incompatibilities(reader, writer) == []) is accepted


def test_types_that_name_themselves_are_compared_once(tmp_path: Path) -> None:
    def tree(value: str) -> dict[str, Any]:
        branch = field("left", ["null", "jobstream.test.Tree"], default=None)
        return record("Opened", field("a", inner(field("value", value), branch, name="Tree")))

    registry = registry_of(tmp_path, tree("int"), tree("long"), tree("string"))
    first, second, third = registry.versions("test.Opened")
    assert incompatibilities(second, first) == []
    assert incompatibilities(third, first) == ["a.value: was int and is string"]
