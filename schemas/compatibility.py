"""Whether a schema can read what an earlier version wrote: Avro's schema resolution, and our own rules on top.

Follows "Schema Resolution" of the Avro 1.12 specification for the types that events use. Stricter in three things: a
logical type must stay the same (resolution ignores it, and readers would be given text for a UUID), names are compared
in full and aliases refused (a renamed field would lose the associated data of its sealed values), and a personal field
stays personal and with its subject.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from fastavro import parse_schema

from schemas.registry import EventSchema, Registry

_PROMOTIONS = {
    ("int", "long"),
    ("int", "float"),
    ("int", "double"),
    ("long", "float"),
    ("long", "double"),
    ("float", "double"),
    ("string", "bytes"),
    ("bytes", "string"),
}
_LOGICAL = ("logicalType", "precision", "scale")


class IncompatibleSchemas(Exception):
    """Some schema cannot read what an earlier version of it wrote. The message names each place and why."""


def check_compatibility(registry: Registry) -> None:
    """Checks every version of every event against all earlier ones. Raises `IncompatibleSchemas`."""
    problems = [
        f"{reader} cannot read {writer}: {problem}"
        for type in registry.types
        for reader in registry.versions(type)
        for writer in registry.versions(type)[: reader.version - 1]
        for problem in incompatibilities(reader, writer)
    ]
    if problems:
        raise IncompatibleSchemas("\n".join(problems))


def incompatibilities(reader: EventSchema, writer: EventSchema) -> list[str]:
    """Why `reader` cannot read what `writer` wrote, each with the path to the field; empty when it can."""
    return [*_Resolution(reader.declaration, writer.declaration).problems(), *_personal(reader, writer)]


def _personal(reader: EventSchema, writer: EventSchema) -> Iterator[str]:
    kept = {field["name"] for field in reader.declaration["fields"]}
    subjects = {field.name: field.subject for field in reader.personal}
    for field in writer.personal:
        if field.name in kept and subjects.get(field.name) != field.subject:
            yield f"{field.name}: it was personal to {field.subject} and must stay so"


class _Resolution:
    """One pair of schemas, with the named types that each of them defines."""

    def __init__(self, reader: Any, writer: Any) -> None:
        self._reader_names: dict[str, Any] = {}
        self._writer_names: dict[str, Any] = {}
        self._reader = parse_schema(reader, named_schemas=self._reader_names)
        self._writer = parse_schema(writer, named_schemas=self._writer_names)
        self._met: set[tuple[str, str]] = set()

    def problems(self) -> Iterator[str]:
        return self._resolve(self._reader, self._writer, "")

    def _resolve(self, reader: Any, writer: Any, path: str) -> Iterator[str]:
        if isinstance(writer, list):
            for branch in writer:
                yield from self._resolve(reader, branch, path)
        elif isinstance(reader, list):
            if not any(self._fits(branch, writer, path) for branch in reader):
                yield f"{path or 'it'}: no branch reads {_kind(_full(writer, self._writer_names))}"
        else:
            yield from self._one(_full(reader, self._reader_names), _full(writer, self._writer_names), path)

    def _fits(self, reader: Any, writer: Any, path: str) -> bool:
        # What is met while trying one branch must not count as checked for another.
        met = set(self._met)
        fits = next(self._resolve(reader, writer, path), None) is None
        self._met = met
        return fits

    def _one(self, reader: Mapping[str, Any], writer: Mapping[str, Any], path: str) -> Iterator[str]:
        kinds = (writer["type"], reader["type"])
        if any(reader.get(part) != writer.get(part) for part in _LOGICAL):
            yield f"{path or 'it'}: was {_kind(writer)} and is {_kind(reader)}"
        elif kinds in _PROMOTIONS:
            return
        elif kinds[0] != kinds[1]:
            yield f"{path or 'it'}: was {_kind(writer)} and is {_kind(reader)}"
        elif kinds[0] == "array":
            yield from self._resolve(reader["items"], writer["items"], f"{path}[]")
        elif kinds[0] == "map":
            yield from self._resolve(reader["values"], writer["values"], f"{path}{{}}")
        elif "name" in reader:
            yield from self._named(reader, writer, path)

    def _named(self, reader: Mapping[str, Any], writer: Mapping[str, Any], path: str) -> Iterator[str]:
        if reader["name"] != writer["name"]:
            yield f"{path or 'it'}: was named {writer['name']} and is named {reader['name']}"
        elif "aliases" in reader:
            yield f"{path or 'it'}: aliases are not used; record another event instead"
        elif reader["type"] == "enum":
            gone = [symbol for symbol in writer["symbols"] if symbol not in reader["symbols"]]
            if gone and "default" not in reader:
                yield f"{path or 'it'}: no longer takes {', '.join(gone)} and has no default"
        elif reader["type"] == "fixed":
            if reader["size"] != writer["size"]:
                yield f"{path or 'it'}: was {writer['size']} bytes and is {reader['size']}"
        elif (reader["name"], writer["name"]) not in self._met:
            self._met.add((reader["name"], writer["name"]))
            yield from self._fields(reader, writer, path)

    def _fields(self, reader: Mapping[str, Any], writer: Mapping[str, Any], path: str) -> Iterator[str]:
        written = {field["name"]: field for field in writer["fields"]}
        for field in reader["fields"]:
            place = f"{path}.{field['name']}" if path else field["name"]
            if "aliases" in field:
                yield f"{place}: aliases are not used; add a field instead"
            elif field["name"] in written:
                yield from self._resolve(field["type"], written[field["name"]]["type"], place)
            elif "default" not in field:
                yield f"{place}: is new and has no default"
            elif not _is_default(field["default"], field["type"], self._reader_names):
                yield f"{place}: its default is no value of its type (of a union: of its first branch)"


def _full(schema: Any, named: Mapping[str, Any]) -> Mapping[str, Any]:
    full: Mapping[str, Any] = named.get(schema, {"type": schema}) if isinstance(schema, str) else schema
    return full


def _kind(schema: Mapping[str, Any]) -> str:
    kind = schema["type"]
    if "logicalType" in schema:
        kind += f" {schema['logicalType']}"
    if "precision" in schema:
        kind += f"({schema['precision']}, {schema.get('scale', 0)})"
    return f"{kind} {schema['name']}" if "name" in schema else str(kind)


def _is_default(value: Any, schema: Any, named: Mapping[str, Any]) -> bool:
    """A default is a value of its type or, for a union, of the union's first branch."""
    if isinstance(schema, list):
        return _is_default(value, schema[0], named)
    full = _full(schema, named)
    match full["type"]:
        case "null":
            return value is None
        case "boolean":
            return isinstance(value, bool)
        case "int" | "long":
            return isinstance(value, int) and not isinstance(value, bool)
        case "float" | "double":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "string" | "bytes" | "fixed":
            return isinstance(value, str)
        case "enum":
            return value in full["symbols"]
        case "array":
            return isinstance(value, list) and all(_is_default(part, full["items"], named) for part in value)
        case "map":
            return isinstance(value, dict) and all(_is_default(part, full["values"], named) for part in value.values())
        case _:
            return isinstance(value, dict) and all(
                field["name"] in value and _is_default(value[field["name"]], field["type"], named)
                for field in full["fields"]
            )
