"""An event's way into Kafka headers and back."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.message import NotAnEvent, key, to_command, to_headers, to_recorded

_moments = st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(9000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30)
_rows = st.fixed_dictionaries(
    {
        "position": st.integers(1, 2**62),
        "stream_id": st.uuids(),
        "version": st.integers(1, 2**31 - 1),
        "category": st.sampled_from(["dispatch", "identity"]),
        "type": st.from_regex(r"[A-Z][A-Za-z]{0,30}", fullmatch=True),
        "event_id": st.uuids(),
        "owner": st.uuids(),
        "data": st.binary(max_size=100),
        "metadata": st.dictionaries(_text, _text, max_size=4),
        "occurred_at": _moments,
        "recorded_at": _moments,
    }
)
_commands = st.one_of(st.tuples(st.none(), st.none()), st.tuples(st.uuids(), st.integers(1, 2**62)))


@given(_rows, _commands, st.uuids())
def test_whatever_is_recorded_comes_back_from_the_headers(
    fields: dict[str, Any], command: tuple[Any, Any], epoch: Any
) -> None:
    id, last = command
    row: Any = fields | {"metadata": json.dumps(fields["metadata"]), "command_id": id, "command_last": last}
    headers = to_headers(row, epoch)
    event = to_recorded(headers, row["data"], lambda event: {})
    assert to_command(dict(headers)) == command
    assert {name: getattr(event, name) for name in fields} == fields
    assert event.epoch == epoch
    assert key(row) == str(event.stream_id).encode()


@given(st.dictionaries(st.sampled_from(["ce_type", "ce_id", "ce_subject", "jobstream_position"]), st.binary()))
def test_other_messages_are_refused(headers: dict[str, bytes]) -> None:
    with pytest.raises(NotAnEvent):
        to_recorded(headers.items(), b"", lambda event: {})


def test_a_message_without_a_value_is_refused() -> None:
    with pytest.raises(NotAnEvent, match="no value"):
        to_recorded([], None, lambda event: {})
