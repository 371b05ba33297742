"""The event schemas by type, version and id. Files are read when first asked for: a start costs reading one list."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from schemas.ids import FOLDER, BadSchemaList, Listed, fingerprint, read_list

STREAM_ID = "stream_id"
NULLABLE_STRING = ["null", "string"]
UUID_TYPE = {"type": "string", "logicalType": "uuid"}


class UnknownEventType(Exception):
    """No schema says how to record this type of event."""

    def __init__(self, type: str) -> None:
        super().__init__(f"no schema for events of type {type}")
        self.type = type


class BadSchema(Exception):
    """A schema file declares something that cannot be recorded. The message names the file and the field."""


@dataclass(frozen=True, slots=True)
class PersonalField:
    """A field kept under its subject's key. `subject` names the field that holds the subject's id, or `stream_id`."""

    name: str
    subject: str
    erased: str | None


class EventSchema:
    """One version of one event's schema, as written in its file."""

    def __init__(self, listed: Listed, folder: Path = FOLDER) -> None:
        self.id = listed.id
        self.type = listed.type
        self.context = listed.context
        self.event = listed.event
        self.version = listed.version
        self.subject = f"jobstream.{listed.type}"
        """The record's full name, under which the schema registry lists it."""
        self.fingerprint = listed.fingerprint
        self._path = folder / listed.file

    def __str__(self) -> str:
        return f"{self.type}.v{self.version}"

    @cached_property
    def text(self) -> str:
        return self._path.read_text()

    @cached_property
    def declaration(self) -> Mapping[str, Any]:
        """The schema as parsed JSON. Raises `BadSchemaList` when the file was changed after it got its id."""
        declared: Mapping[str, Any] = json.loads(self.text)
        if fingerprint(declared) != self.fingerprint:
            raise BadSchemaList(f"{self} was changed after it got its id; write a new version instead")
        if f"{declared.get('namespace')}.{declared.get('name')}" != self.subject:
            raise BadSchema(f"{self} declares another record than {self.subject}")
        return declared

    @cached_property
    def personal(self) -> tuple[PersonalField, ...]:
        """The fields kept under a subject's key. Raises `BadSchema` where one is declared wrongly."""
        fields = {field["name"]: field for field in self.declaration["fields"]}
        return tuple(self._personal(field, fields) for field in fields.values() if "personal" in field)

    def _personal(self, field: Mapping[str, Any], fields: Mapping[str, Mapping[str, Any]]) -> PersonalField:
        mark, name = field["personal"], field["name"]
        if not isinstance(mark, dict) or mark.keys() != {"subject", "erased"}:
            raise BadSchema(f"{self}: {name}: `personal` takes `subject` and `erased`")
        if field["type"] not in ("string", NULLABLE_STRING):
            raise BadSchema(f"{self}: {name}: only a string, or a string or null, can be personal")
        if not isinstance(mark["erased"], str) and not (mark["erased"] is None and field["type"] == NULLABLE_STRING):
            raise BadSchema(f"{self}: {name}: `erased` is no value of the field")
        subject = mark["subject"]
        if subject != STREAM_ID and fields.get(subject, {}).get("type") != UUID_TYPE:
            raise BadSchema(f"{self}: {name}: its subject must be {STREAM_ID} or a field of type uuid")
        return PersonalField(name, subject, mark["erased"])


class Registry:
    """All listed schemas. Raises `BadSchemaList` when the list itself is broken."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._by_id: dict[int, EventSchema] = {}
        self._by_type: dict[str, list[EventSchema]] = {}
        for listed in read_list(folder):
            schema = EventSchema(listed, folder)
            self._by_id[schema.id] = schema
            self._by_type.setdefault(schema.type, []).append(schema)

    @property
    def types(self) -> tuple[str, ...]:
        """Every event type, `<context>.<Event>`, in alphabetical order."""
        return tuple(sorted(self._by_type))

    def by_id(self, id: int) -> EventSchema | None:
        return self._by_id.get(id)

    def versions(self, type: str) -> tuple[EventSchema, ...]:
        """The versions of an event's schema, oldest first. Raises `UnknownEventType`."""
        if type not in self._by_type:
            raise UnknownEventType(type)
        return tuple(self._by_type[type])

    def latest(self, type: str) -> EventSchema:
        """The version that new events of the type are written with. Raises `UnknownEventType`."""
        return self.versions(type)[-1]
