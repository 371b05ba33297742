"""A person's values are readable with their key, unreadable without, and gone for good once it is destroyed."""

from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from schemas.codec import KeyNotLoaded, UndecodableEvent, UnencodableEvent
from schemas.keyring import SubjectErasedError
from schemas.personal import PREFIX
from schemas.recorded import Recorded
from tests.unit.schemas.avro_values import STREAM, UUID_TYPE, field, record, recorded, registry_of
from tests.unit.schemas.key_rings import KeyTable, Process, Seconds

TYPE = "dispatch.TechnicianRegistered"
MARTA = {"company_id": uuid4(), "name": "Marta Ruiz", "email": "marta@example.org", "phone": None, "skills": {}}
ERASED = {**MARTA, "name": "(erased)", "email": None}


async def append(process: Process, payload: dict[str, Any], type: str = TYPE, stream_id: UUID = STREAM) -> Recorded:
    """Records the event, as the event store would, and gives it back as a feed does: not opened yet."""
    keys = await process.codec.prepare(process.codec.subjects(type, payload, stream_id))
    data = process.codec.encode(type, payload, stream_id, keys)
    process.table.store(keys)
    process.codec.keep(keys)
    return recorded(type, data, process.codec.decode, stream_id)


def reread(event: Recorded, process: Process) -> Recorded:
    """The same event as another process, or a later run, gets it from the log."""
    return recorded(f"{event.category}.{event.type}", event.data, process.codec.decode, event.stream_id)


async def test_personal_values_are_not_in_the_bytes_and_read_in_clear() -> None:
    process = Process()
    event = await append(process, MARTA)
    assert b"Marta" not in event.data
    assert b"example.org" not in event.data
    assert event.data.count(PREFIX.encode()) == 2
    await process.codec.open([event])
    assert event.payload == MARTA


async def test_the_same_value_is_never_sealed_into_the_same_text() -> None:
    process = Process()
    assert (await append(process, MARTA)).data != (await append(process, MARTA)).data


async def test_an_erased_subjects_fields_read_as_their_erased_values() -> None:
    process = Process()
    event = await append(process, MARTA)
    process.table.erase(STREAM)
    process.codec.forget([STREAM])
    await process.codec.open([event])
    assert event.payload == ERASED


async def test_an_erasure_made_elsewhere_is_noticed_within_a_minute() -> None:
    here, table = Process(), KeyTable()
    here = Process(table=table, seconds=Seconds())
    there = Process(table=table)
    event = await append(here, MARTA)
    table.erase(STREAM)
    there.codec.forget([STREAM])

    here.seconds.present += 59
    early = reread(event, here)
    await here.codec.open([early])
    assert early["name"] == "Marta Ruiz"

    here.seconds.present += 1
    late = reread(event, here)
    await here.codec.open([late])
    assert late.payload == ERASED


async def test_nothing_personal_can_be_recorded_about_an_erased_subject() -> None:
    process = Process()
    await append(process, MARTA)
    process.table.erase(STREAM)
    process.codec.forget([STREAM])
    with pytest.raises(SubjectErasedError, match=str(STREAM)):
        await append(process, MARTA)


async def test_a_new_subjects_key_travels_with_its_append_and_an_existing_one_does_not() -> None:
    process = Process()
    keys = await process.codec.prepare([STREAM])
    process.codec.encode(TYPE, MARTA, STREAM, keys)
    process.codec.encode(TYPE, MARTA, STREAM, keys)
    assert [new.subject for new in keys.created] == [STREAM]

    await append(process, MARTA)
    again = await process.codec.prepare([STREAM])
    process.codec.encode(TYPE, MARTA, STREAM, again)
    assert again.created == ()


async def test_a_key_whose_append_was_refused_is_never_used_again() -> None:
    table = KeyTable()
    first, second = Process(table=table), Process(table=table)
    refused = await second.codec.prepare([STREAM])
    second.codec.encode(TYPE, MARTA, STREAM, refused)
    event = await append(first, MARTA)  # the other writer was first; the second one's append answers `conflict`

    retried = await second.codec.prepare([STREAM])
    data = second.codec.encode(TYPE, MARTA, STREAM, retried)
    assert retried.created == ()
    mine = recorded(TYPE, data, first.codec.decode)
    theirs = reread(event, second)
    await first.codec.open([mine])
    await second.codec.open([theirs])
    assert mine.payload == theirs.payload == MARTA


async def test_a_null_personal_value_needs_no_key(tmp_path: Path) -> None:
    mark = {"subject": "stream_id", "erased": None}
    schema = record("Opened", field("note", ["null", "string"], default=None, personal=mark))
    process = Process(registry=registry_of(tmp_path, schema))
    event = await append(process, {"note": None}, "test.Opened")
    assert process.table.rows == {}
    assert event.payload == {"note": None}


async def test_a_batch_is_opened_by_one_query_and_stays_open() -> None:
    table = KeyTable()
    writer = Process(table=table)
    events = [await append(writer, {**MARTA, "name": f"Nr {n}"}, stream_id=uuid4()) for n in range(5)]
    seconds = Seconds()
    reader = Process(table=table, seconds=seconds, capacity=2)
    batch = [reread(event, reader) for event in events]
    table.queries.clear()
    await reader.codec.open(batch)
    assert table.queries == [frozenset(event.stream_id for event in events)]
    seconds.present += 3600
    assert [event["name"] for event in batch] == [f"Nr {n}" for n in range(5)]


async def test_a_batch_without_personal_fields_asks_nothing() -> None:
    process = Process()
    payload = {"external_id": "1", "attempt": 1, "ambiguous": False}
    await process.codec.open([await append(process, payload, "dispatch.RoutingSynced")])
    assert process.table.queries == []


async def test_an_event_that_was_not_opened_says_so() -> None:
    table = KeyTable()
    event = reread(await append(Process(table=table), MARTA), Process(table=table))
    with pytest.raises(KeyNotLoaded, match=str(STREAM)):
        _ = event["name"]


async def test_a_lost_key_is_an_error_of_its_event_and_not_an_erasure() -> None:
    table = KeyTable()
    writer, reader = Process(table=table), Process(table=table)
    lost, whole = await append(writer, MARTA), await append(writer, MARTA, stream_id=uuid4())
    del table.rows[STREAM]
    batch = [reread(lost, reader), reread(whole, reader)]
    await reader.codec.open(batch)
    assert batch[1]["name"] == "Marta Ruiz"
    with pytest.raises(KeyNotLoaded, match="missing from subject_keys"):
        _ = batch[0]["name"]


SHARED = record(
    "Met",
    field("guest_id", UUID_TYPE),
    field("host", "string", personal={"subject": "stream_id", "erased": "(host)"}),
    field("guest", "string", personal={"subject": "guest_id", "erased": "(guest)"}),
)


async def test_two_people_in_one_event_are_erased_apart(tmp_path: Path) -> None:
    process, guest = Process(registry=registry_of(tmp_path, SHARED)), uuid4()
    event = await append(process, {"guest_id": guest, "host": "Ann", "guest": "Bob"}, "test.Met")
    assert process.table.rows.keys() == {STREAM, guest}
    process.table.erase(guest)
    process.codec.forget([guest])
    await process.codec.open([event])
    assert (event["host"], event["guest"]) == ("Ann", "(guest)")


async def test_an_event_that_names_no_subject_is_refused(tmp_path: Path) -> None:
    process = Process(registry=registry_of(tmp_path, SHARED))
    with pytest.raises(UnencodableEvent, match="guest_id takes a value and has none"):
        process.codec.subjects("test.Met", {"host": "Ann", "guest": "Bob"}, STREAM)


@pytest.mark.parametrize(("old", "new"), [(b"enc:1:", b"enc:2:"), (b"enc:1:", b"enc:1?")])
async def test_a_value_that_was_altered_is_refused_and_not_shown(old: bytes, new: bytes) -> None:
    process = Process()
    event = await append(process, MARTA)
    event.data = event.data.replace(old, new)
    await process.codec.open([event])
    with pytest.raises(UndecodableEvent, match="its name does not open"):
        _ = event.payload


async def test_a_value_moved_to_another_person_or_field_does_not_open() -> None:
    process, other = Process(), uuid4()
    moved = await append(process, MARTA, stream_id=other)
    moved.stream_id = STREAM
    await append(process, MARTA)
    await process.codec.open([moved])
    with pytest.raises(UndecodableEvent, match="does not open"):
        _ = moved.payload

    event = await append(process, {**MARTA, "name": "marta@example.org"})
    parts = event.data.split(PREFIX.encode())
    assert len(parts[1].rstrip(b"\x02")) >= len(parts[2][:60])
    swapped = _swap(event.data)
    damaged = recorded(TYPE, swapped, process.codec.decode)
    await process.codec.open([damaged])
    with pytest.raises(UndecodableEvent, match="its name does not open"):
        _ = damaged.payload


def _swap(data: bytes) -> bytes:
    """Exchanges the two sealed values, which are equally long."""
    first, second = (at for at in range(len(data)) if data.startswith(PREFIX.encode(), at))
    length = len(PREFIX) + 60
    one, two = data[first : first + length], data[second : second + length]
    return data[:first] + two + data[first + length : second] + one + data[second + length :]


async def test_what_was_written_before_a_field_became_personal_still_reads(tmp_path: Path) -> None:
    plain = record("Opened", field("a", "string"))
    marked = record("Opened", field("a", "string", personal={"subject": "stream_id", "erased": "(erased)"}))
    (tmp_path / "old").mkdir()
    old = await append(Process(registry=registry_of(tmp_path / "old", plain)), {"a": "x"}, "test.Opened")
    process = Process(registry=registry_of(tmp_path, plain, marked))
    event, new = reread(old, process), await append(process, {"a": "y"}, "test.Opened")
    await process.codec.open([event, new])
    assert (event["a"], new["a"]) == ("x", "y")
    assert b"y" not in new.data[5:6]


async def test_an_event_that_cannot_be_read_does_not_keep_its_neighbours_closed() -> None:
    process = Process()
    broken, whole = await append(process, MARTA), await append(process, MARTA)
    broken.data = b"\x01"
    await process.codec.open([broken, whole])
    assert whole["name"] == "Marta Ruiz"
    with pytest.raises(UndecodableEvent):
        _ = broken.payload
