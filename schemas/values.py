"""Which Python values an Avro type takes: those that read back equal, and no others.

fastavro writes what it can get away with: a naive time in local time, a string as a list of letters, `"no"` as true, an
integer that Avro's 32 bits do not hold. An event is recorded for good, so such values are refused before they are.
"""

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Context, Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from schemas.registry import BadSchema

Take = Callable[[Any], Any]
"""Gives the value as fastavro is to write it, or raises `Mismatch`."""


class Mismatch(Exception):
    """A value is none of its field's type. Says what the field takes and never what it was given."""

    def __init__(self, takes: str, path: str = "") -> None:
        super().__init__(f"{path or 'it'} takes {takes}")
        self.takes = takes
        self.path = path

    def at(self, name: str) -> "Mismatch":
        return Mismatch(self.takes, f"{name}.{self.path}" if self.path else name)


def taker(schema: Any, named: dict[str, Take] | None = None) -> Take:
    """What takes the values of a schema as fastavro parsed it. Raises `BadSchema` for a type that we do not record.

    Named types are known by their full names once they were met; a type may not contain itself.
    """
    named = {} if named is None else named
    if isinstance(schema, list):
        return _nullable(schema, named)
    if isinstance(schema, str):
        schema = {"type": schema}
    kind, logical = schema["type"], schema.get("logicalType")
    if (kind, logical) in _PLAIN:
        return _PLAIN[kind, logical]
    if kind in named:
        return named[kind]
    if (kind, logical) not in _MADE:
        raise BadSchema(f"no events are recorded with type {kind} {logical or ''}".rstrip())
    made = _MADE[kind, logical](schema, named)
    if "name" in schema:
        named[schema["name"]] = made
    return made


def _nullable(branches: list[Any], named: dict[str, Take]) -> Take:
    others = [branch for branch in branches if branch != "null"]
    if len(branches) != 2 or len(others) != 1:
        raise BadSchema("a union must be of null and one type: of more, a value would not tell which it is")
    take = taker(others[0], named)
    return lambda value: None if value is None else take(value)


def _string(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise Mismatch("a string")


def _uuid(value: Any) -> str:
    if isinstance(value, UUID):
        return str(value)
    raise Mismatch("a UUID")


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise Mismatch("true or false")


def _bytes(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    raise Mismatch("bytes")


def _integer(bits: int) -> Take:
    least, most = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1

    def take(value: Any) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        raise Mismatch(f"an integer of {bits} bits")

    return take


def _double(value: Any) -> float:
    if isinstance(value, float) and math.isfinite(value):
        return value
    # An integer only where a double holds it exactly.
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= 2**53:
        return float(value)
    raise Mismatch("a finite number")


def _moment(value: Any) -> datetime:
    if isinstance(value, datetime) and value.tzinfo is not None:
        try:
            return value.astimezone(UTC)
        except OverflowError:
            pass  # The first or last hours of the calendar, which have no UTC.
    raise Mismatch("a time with its zone")


def _decimal(schema: Mapping[str, Any], named: dict[str, Take]) -> Take:
    step, context = Decimal(1).scaleb(-schema["scale"]), Context(prec=schema["precision"])

    def take(value: Any) -> Decimal:
        if isinstance(value, Decimal):
            try:
                exact = value.quantize(step, context=context)
            except InvalidOperation:
                exact = None
            if exact is not None and exact == value:
                return exact
        raise Mismatch(f"a decimal of at most {schema['precision']} digits, {schema['scale']} of them after the point")

    return take


def _enum(schema: Mapping[str, Any], named: dict[str, Take]) -> Take:
    symbols = frozenset(schema["symbols"])

    def take(value: Any) -> str:
        if isinstance(value, str) and value in symbols:
            return value
        raise Mismatch(f"one of {', '.join(schema['symbols'])}")

    return take


def _is_mapping(value: Any) -> bool:
    return type(value) is dict or isinstance(value, Mapping)  # the second question costs four times the first


def _array(schema: Mapping[str, Any], named: dict[str, Take]) -> Take:
    item = taker(schema["items"], named)

    def take(value: Any) -> list[Any]:
        if not isinstance(value, list | tuple):
            raise Mismatch("a list")
        try:
            return [item(part) for part in value]
        except Mismatch as mismatch:
            raise mismatch.at("[]") from None

    return take


def _map(schema: Mapping[str, Any], named: dict[str, Take]) -> Take:
    item = taker(schema["values"], named)

    def take(value: Any) -> dict[str, Any]:
        if not _is_mapping(value):
            raise Mismatch("a mapping")
        try:
            return {_string(key): item(part) for key, part in value.items()}
        except Mismatch as mismatch:
            raise mismatch.at("{}") from None

    return take


def _record(schema: Mapping[str, Any], named: dict[str, Take]) -> Take:
    fields = [(field["name"], taker(field["type"], named)) for field in schema["fields"]]
    defaults = {field["name"]: field["default"] for field in schema["fields"] if "default" in field}
    names = frozenset(name for name, _ in fields)

    def take(value: Any) -> dict[str, Any]:
        if not _is_mapping(value):
            raise Mismatch("a mapping")
        if not names.issuperset(value):
            raise Mismatch("no field of that name", ", ".join(sorted(map(str, value.keys() - names))))
        taken = {}
        for name, take_field in fields:
            if name in value:
                try:
                    taken[name] = take_field(value[name])
                except Mismatch as mismatch:
                    raise mismatch.at(name) from None
            elif name in defaults:
                taken[name] = defaults[name]
            else:
                raise Mismatch("a value and has none", name)
        return taken

    return take


_PLAIN: Mapping[tuple[str, str | None], Take] = {
    ("string", None): _string,
    ("string", "uuid"): _uuid,
    ("boolean", None): _boolean,
    ("bytes", None): _bytes,
    ("int", None): _integer(32),
    ("long", None): _integer(64),
    ("long", "timestamp-micros"): _moment,
    ("double", None): _double,
}
_MADE: Mapping[tuple[str, str | None], Callable[[Mapping[str, Any], dict[str, Take]], Take]] = {
    ("bytes", "decimal"): _decimal,
    ("enum", None): _enum,
    ("array", None): _array,
    ("map", None): _map,
    ("record", None): _record,
}
