"""Events as bytes: Confluent's wire format (0x00, schema id in 4 bytes big-endian, Avro), personal fields sealed.

Encoded once: the same bytes are stored, relayed and consumed. New events are written with their schema's latest
version; what an earlier version wrote is resolved to the latest when it is read.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from struct import Struct
from typing import Any, cast
from uuid import UUID

from fastavro import parse_schema, schemaless_reader, schemaless_writer
from fastavro.read import SchemaResolutionError

from schemas.keyring import KeyRing
from schemas.personal import (
    AppendKeys,
    KeyOf,
    NoKey,
    NotSealed,
    Sealed,
    seal_fields,
    sealed_by_subject,
    unseal_fields,
)
from schemas.recorded import Recorded
from schemas.registry import EventSchema, Registry
from schemas.values import Mismatch, Take, taker

MAGIC = b"\x00"
_PREFIX = Struct(">bI")

# What fastavro raises for bytes that are no record of the schema; found by fuzzing (tests/unit/schemas/test_codec.py).
_BROKEN = (EOFError, ValueError, LookupError, ArithmeticError, TypeError, MemoryError, SchemaResolutionError)


def schema_id(data: bytes) -> int | None:
    """The id of the schema that an event's bytes were written with; None when they are in another format."""
    if len(data) < _PREFIX.size or not data.startswith(MAGIC):
        return None
    id: int = _PREFIX.unpack_from(data)[1]
    return id


class UndecodableEvent(Exception):
    """A recorded event cannot be read. Says which and why, and shows none of its bytes: they may be personal."""

    def __init__(self, event: Recorded, reason: str) -> None:
        super().__init__(f"event {event.category}.{event.type} at position {event.position} cannot be read: {reason}")
        self.position = event.position
        self.reason = reason


class KeyNotLoaded(Exception):
    """A personal field was read before its subject's key was loaded, or the subject has no key at all."""

    def __init__(self, event: Recorded, subject: UUID) -> None:
        super().__init__(
            f"event {event.category}.{event.type} at position {event.position}: no key of subject {subject} is loaded; "
            "either the event was not opened, or the subject's row is missing from subject_keys"
        )
        self.subject = subject


class UnencodableEvent(Exception):
    """An event's payload does not fit its schema. Names the field and what it takes, not the value."""

    def __init__(self, type: str, reason: str) -> None:
        super().__init__(f"{type}: {reason}")
        self.type = type
        self.reason = reason


@dataclass(frozen=True, slots=True)
class _Writer:
    prefix: bytes
    schema: Any
    take: Take
    sealed: tuple[Sealed, ...]


@dataclass(frozen=True, slots=True)
class _Reader:
    context: str
    event: str
    written: Any
    latest: Any | None  # None: the writer's version is the latest
    sealed: tuple[Sealed, ...]
    by_stream: bool  # every personal field's subject is the stream itself


class Codec:
    """Writes and reads events. Everything worked out from a schema is kept, so that an event costs fastavro's time."""

    def __init__(self, registry: Registry, ring: KeyRing) -> None:
        self._registry = registry
        self._ring = ring
        self._parsed: dict[int, Any] = {}
        self._writers: dict[str, _Writer] = {}
        self._readers: dict[bytes, _Reader] = {}

    # Writing

    def subjects(self, type: str, payload: Mapping[str, Any], stream_id: UUID) -> set[UUID]:
        """Whom the event's personal fields tell about. Raises `UnknownEventType`, `UnencodableEvent`."""
        try:
            return {group.subject_in(payload, stream_id) for group in self._writer(type).sealed}
        except KeyError as missing:
            raise UnencodableEvent(type, f"{missing.args[0]} takes a value and has none") from None

    async def prepare(self, subjects: Collection[UUID]) -> AppendKeys:
        """The keys for one attempt at an append that tells about these subjects. Raises `WrongMasterKey`.

        A stream that the append begins may be left out of them: it saves the query that finds no key.
        """
        return AppendKeys(self._ring, await self._ring.ensure(subjects))

    def encode(self, type: str, payload: Mapping[str, Any], stream_id: UUID, keys: AppendKeys) -> bytes:
        """The event `<context>.<Event>` as bytes; `keys` gains the keys of subjects that had none.

        Raises `UnencodableEvent`, `UnknownEventType`, and `SubjectErasedError` for personal data of an erased subject.
        """
        writer = self._writer(type)
        try:
            record = writer.take(payload)
            for group in writer.sealed:
                seal_fields(group, record, payload, stream_id, keys)
            out = BytesIO()
            out.write(writer.prefix)
            schemaless_writer(out, writer.schema, record)
        except Mismatch as mismatch:
            raise UnencodableEvent(type, str(mismatch)) from None
        except UnicodeEncodeError:
            raise UnencodableEvent(type, "a text is not Unicode: it holds a lone surrogate") from None
        return out.getvalue()

    def keep(self, keys: AppendKeys) -> None:
        """After the append succeeded: the new subjects' keys are in use from now on."""
        self._ring.remember(keys.created)

    def forget(self, subjects: Iterable[UUID]) -> None:
        """After an append that erased subjects: their keys are no longer held."""
        for subject in subjects:
            self._ring.forget(subject)

    # Reading

    async def open(self, events: Sequence[Recorded]) -> None:
        """Loads the keys of everybody whom the events tell about, in one query, and hands them to the events.

        From then on `event["field"]` needs no I/O, however small the key ring is and whenever it is asked. An event
        that cannot be read says so when it is asked, not here: one of them does not stop its neighbours.
        Raises `WrongMasterKey`.
        """
        told: list[Recorded] = []
        subjects: set[UUID] = set()
        for event in events:
            if about := self._told(event):
                told.append(event)
                subjects.update(about)
        if told:
            keys = await self._ring.ensure(subjects)
            decode = partial(self._decode, keys.get)
            for event in told:
                event.decode = decode

    def decode(self, event: Recorded) -> Mapping[str, Any]:
        """The payload in the latest version's fields. What `Recorded.decode` is bound to.

        Raises `UndecodableEvent`, and `KeyNotLoaded` for a personal event that was not opened.
        """
        return self._decode(self._ring.get, event)

    def plain(self, event: Recorded) -> Mapping[str, Any]:
        """The payload as it is stored, personal fields sealed: it needs no key. Raises `UndecodableEvent`."""
        return _read(self._reader(event), event)

    def sealed_for(self, event: Recorded) -> set[UUID]:
        """Whose personal data the event holds; nobody's when it cannot be read."""
        try:
            groups = self._reader(event).sealed
            record = _read(self._reader(event), event) if groups else {}
        except UndecodableEvent:
            return set()
        filled = (group for group in groups if any(record[field.name] is not None for field in group.fields))
        return {group.subject_in(record, event.stream_id) for group in filled}

    def told_of(self, event: Recorded, subject: UUID) -> dict[str, str]:
        """The personal fields of an opened event that tell about one subject, in clear; none that is empty.

        Raises what `decode` raises.
        """
        payload, sealed = event.payload, self._reader(event).sealed
        groups = [group for group in sealed if group.subject_in(payload, event.stream_id) == subject]
        fields = {field.name: payload[field.name] for group in groups for field in group.fields}
        return {name: value for name, value in fields.items() if value is not None}

    def _decode(self, key_of: KeyOf, event: Recorded) -> Mapping[str, Any]:
        reader = self._reader(event)
        record = _read(reader, event)
        if reader.sealed:
            self._unseal(reader, record, event, key_of)
        return record

    def _unseal(self, reader: _Reader, record: dict[str, Any], event: Recorded, key_of: KeyOf) -> None:
        try:
            for group in reader.sealed:
                unseal_fields(group, record, event.stream_id, key_of)
        except NoKey as missing:
            raise KeyNotLoaded(event, missing.subject) from None
        except NotSealed as altered:
            raise UndecodableEvent(event, f"its {altered.field} does not open with its subject's key") from None

    def _told(self, event: Recorded) -> Collection[UUID]:
        try:
            reader = self._reader(event)
            if not reader.sealed:
                return ()
            if reader.by_stream:
                return (event.stream_id,)
            record = _read(reader, event)
        except UndecodableEvent:
            return ()
        return {group.subject_in(record, event.stream_id) for group in reader.sealed}

    # What is worked out once for each schema

    def _writer(self, type: str) -> _Writer:
        writer = self._writers.get(type)
        if writer is None:
            schema = self._registry.latest(type)
            parsed = self._parse(schema)
            sealed = sealed_by_subject(type, schema.personal)
            writer = self._writers[type] = _Writer(_PREFIX.pack(0, schema.id), parsed, taker(parsed), sealed)
        return writer

    def _reader(self, event: Recorded) -> _Reader:
        prefix = event.data[: _PREFIX.size]
        reader = self._readers.get(prefix)
        if reader is None:
            reader = self._readers[prefix] = self._make_reader(prefix, event)
        if reader.event != event.type or reader.context != event.category:
            raise UndecodableEvent(event, f"its schema is of {reader.context}.{reader.event}")
        return reader

    def _make_reader(self, prefix: bytes, event: Recorded) -> _Reader:
        id = schema_id(prefix)
        if id is None:
            raise UndecodableEvent(event, "it does not begin with a zero byte and a schema id")
        schema = self._registry.by_id(id)
        if schema is None:
            raise UndecodableEvent(event, f"schema id {id} is unknown here; a newer release may have written it")
        latest = self._registry.latest(schema.type)
        written = {field.name for field in schema.personal}
        sealed = sealed_by_subject(schema.type, tuple(field for field in latest.personal if field.name in written))
        resolved = None if schema.id == latest.id else self._parse(latest)
        by_stream = all(group.subject is None for group in sealed)
        return _Reader(schema.context, schema.event, self._parse(schema), resolved, sealed, by_stream)

    def _parse(self, schema: EventSchema) -> Any:
        if schema.id not in self._parsed:
            self._parsed[schema.id] = parse_schema(dict(schema.declaration))
        return self._parsed[schema.id]


def _read(reader: _Reader, event: Recorded) -> dict[str, Any]:
    source = BytesIO(event.data)
    source.seek(_PREFIX.size)
    try:
        record = schemaless_reader(source, reader.written, reader.latest)
    except _BROKEN as error:
        raise UndecodableEvent(event, f"its bytes are no record of its schema ({type(error).__name__})") from None
    if source.tell() != len(event.data):
        raise UndecodableEvent(event, "bytes follow its record")
    return cast(dict[str, Any], record)
