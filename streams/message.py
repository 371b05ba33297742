"""An event as a Kafka message: key, value and headers, and back again.

The key is the stream's id as text, the value the bytes as they are stored. The headers follow CloudEvents' Kafka
binding (github.com/cloudevents/spec, kafka-protocol-binding.md, binary mode) and carry beside it what is recorded
with an event, so that a consumer gets all of it without asking the store.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

import orjson

from infra.event_store import Row
from schemas.recorded import Decode, Recorded

Headers = list[tuple[str, bytes]]

REPLAY = "jobstream_replay"
"""The header of a message that was published again; its value names the run. It is an event that has been."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class NotAnEvent(Exception):
    """A message in an event topic lacks our headers or has garbled ones: something else than the relay wrote it."""


def key(row: Row) -> bytes:
    return str(row["stream_id"]).encode()


def to_headers(row: Row, epoch: UUID) -> Headers:
    """The headers of a row of the event store."""
    metadata: str = row["metadata"]
    category, occurred_at = row["category"], row["occurred_at"]
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", str(row["event_id"]).encode()),
        ("ce_source", f"/jobstream/{category}".encode()),
        ("ce_type", f"{category}.{row['type']}".encode()),
        ("ce_subject", str(row["stream_id"]).encode()),
        ("ce_time", occurred_at.isoformat().encode()),
        ("content-type", b"application/avro"),
        ("jobstream_position", b"%d" % row["position"]),
        ("jobstream_epoch", str(epoch).encode()),
        ("jobstream_version", b"%d" % row["version"]),
        ("jobstream_owner", str(row["owner"]).encode()),
        ("jobstream_occurred_us", b"%d" % _microseconds(occurred_at)),
        ("jobstream_recorded_us", b"%d" % _microseconds(row["recorded_at"])),
        ("jobstream_metadata", metadata.encode()),
    ]
    if (command_id := row["command_id"]) is not None:
        headers.append(("jobstream_command_id", str(command_id).encode()))
        headers.append(("jobstream_command_last", b"%d" % row["command_last"]))
    if trace := orjson.loads(metadata).get("traceparent"):
        headers.append(("traceparent", trace.encode()))
    return headers


def replayed(headers: Iterable[tuple[str, bytes]]) -> bool:
    """Whether a message is an old event that was published again, for somebody else than our agents and feeds."""
    return any(name == REPLAY for name, _ in headers)


def to_recorded(headers: Iterable[tuple[str, bytes]], value: bytes | None, decode: Decode) -> Recorded:
    """The event that a message carries. Raises `NotAnEvent`."""
    try:
        return _recorded(dict(headers), value, decode)
    except (KeyError, ValueError, OverflowError) as error:
        raise NotAnEvent(f"{type(error).__name__}: {error}") from None


def to_command(headers: Mapping[str, bytes]) -> tuple[UUID, int] | tuple[None, None]:
    """A command's id and the position of its last event, which its first event carries. Raises ValueError."""
    id = headers.get("jobstream_command_id")
    return (None, None) if id is None else (UUID(id.decode()), int(headers["jobstream_command_last"]))


def _recorded(headers: Mapping[str, bytes], value: bytes | None, decode: Decode) -> Recorded:
    if value is None:
        raise ValueError("the message has no value")
    category, dot, type_ = headers["ce_type"].decode().partition(".")
    if not dot:
        raise ValueError("ce_type names no context")
    return Recorded(
        position=int(headers["jobstream_position"]),
        stream_id=UUID(headers["ce_subject"].decode()),
        version=int(headers["jobstream_version"]),
        category=category,
        type=type_,
        event_id=UUID(headers["ce_id"].decode()),
        owner=UUID(headers["jobstream_owner"].decode()),
        data=value,
        metadata=orjson.loads(headers["jobstream_metadata"]),
        occurred_at=_moment(headers["jobstream_occurred_us"]),
        recorded_at=_moment(headers["jobstream_recorded_us"]),
        epoch=UUID(headers["jobstream_epoch"].decode()),
        decode=decode,
    )


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _moment(microseconds: bytes) -> datetime:
    # Not from a float of seconds: that loses the last digit.
    return _EPOCH + timedelta(microseconds=int(microseconds))
