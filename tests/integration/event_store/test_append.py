import asyncio
from uuid import UUID, uuid4

import pytest

from infra.append import EVENT_BYTES
from infra.append_lane import AppendLane
from infra.database import Database
from infra.event_store import (
    CHANNEL,
    Append,
    Appended,
    EpochMismatch,
    EventStore,
    EventTooLarge,
    IdempotencyKey,
    InvalidAppend,
    Status,
    StoreClosed,
    StoreUnavailable,
    SubjectKey,
)
from infra.store_proof import begin_epoch
from tests.appends import OWNER, appending, assert_sound, happened, starting

CONFLICT = Appended(Status.CONFLICT, 0, 0)


async def test_positions_follow_each_other_over_appends(store: EventStore) -> None:
    assert await store.append(starting(streams=2, events=2)) == Appended(Status.OK, 1, 4)
    assert await store.append(starting()) == Appended(Status.OK, 5, 5)
    assert await store.head() == 5


async def test_an_empty_store_has_head_zero_and_nothing_to_read(store: EventStore) -> None:
    assert await store.head() == 0
    assert await store.read(0, 10) == []


async def test_an_event_is_read_as_it_was_stored(store: EventStore) -> None:
    event = happened(uuid4(), 1, b"\x00\x01\xff")
    await store.append(appending(event))
    (row,) = await store.read(0, 10)
    names = ("stream_id", "version", "category", "type", "event_id", "owner", "data", "occurred_at")
    assert {name: row[name] for name in names} == {name: getattr(event, name) for name in names}
    assert (row["position"], row["epoch"], row["owner"]) == (1, store.epoch, OWNER)
    assert row["metadata"] == '{"actor": "tests", "correlation_id": "c"}'


async def test_a_stream_is_read_from_a_version_on(store: EventStore) -> None:
    first, second = uuid4(), uuid4()
    await store.append(appending(*(happened(id, version) for version in (1, 2, 3) for id in (first, second))))
    assert [row["version"] for row in await store.read_stream(first, 1)] == [2, 3]
    several = await store.read_streams([(first, 2), (second, 0), (UUID(int=0), 0)])
    assert {id: [row["version"] for row in rows] for id, rows in several.items()} == {
        first: [3],
        second: [1, 2, 3],
        UUID(int=0): [],
    }


async def test_a_stale_version_is_a_conflict(store: EventStore) -> None:
    stream = uuid4()
    await store.append(appending(happened(stream, 1)))
    assert await store.append(appending(happened(stream, 1))) == CONFLICT
    assert await store.append(appending(happened(stream, 3))) == CONFLICT
    assert (await store.append(appending(happened(stream, 2)))).status is Status.OK


async def test_a_conflict_in_one_stream_leaves_nothing_in_the_others(store: EventStore) -> None:
    taken, fresh, subject, command = uuid4(), uuid4(), uuid4(), uuid4()
    await store.append(appending(happened(taken, 1)))
    key = IdempotencyKey(uuid4(), b"hash", "result")
    append = appending(
        happened(fresh, 1),
        happened(taken, 1),
        command_id=command,
        idempotency=key,
        subject_keys=(SubjectKey(subject, b"wrapped"),),
    )
    assert await store.append(append) == CONFLICT
    assert await store.head() == 1
    assert await store.find_command(command) is None
    assert await store.find_idempotency(key.key) is None


async def test_a_stale_append_does_not_fail_its_neighbours(store: EventStore) -> None:
    taken = uuid4()
    await store.append(appending(happened(taken, 1)))
    batch = [starting() if n % 3 else appending(happened(taken, 1)) for n in range(30)]
    outcomes = await asyncio.gather(*map(store.append, batch))
    assert [outcome.status for outcome in outcomes] == [Status.OK if n % 3 else Status.CONFLICT for n in range(30)]
    for append, outcome in zip(batch, outcomes, strict=True):
        if outcome.status is Status.OK:
            (row,) = await store.read(outcome.first - 1, 1)
            assert row["event_id"] == append.events[0].event_id


async def test_one_stream_in_many_waiting_appends_takes_them_in_turn(store: EventStore) -> None:
    stream = uuid4()
    outcomes = await asyncio.gather(*(store.append(appending(happened(stream, n))) for n in range(1, 51)))
    assert [outcome.first for outcome in outcomes] == list(range(1, 51))


async def test_a_repeated_command_answers_the_positions_of_the_first_time(store: EventStore) -> None:
    command, stream = uuid4(), uuid4()
    await store.append(starting())
    first = await store.append(appending(happened(stream, 1), happened(stream, 2), command_id=command))
    again = await store.append(appending(happened(stream, 1), command_id=command))
    assert (first.first, first.last) == (2, 3)
    assert again == Appended(Status.DUPLICATE, 2, 3)
    found = await store.find_command(command)
    assert found is not None
    assert (found.stream_id, found.first, found.last) == (stream, 2, 3)
    assert await store.find_command(uuid4()) is None


async def test_of_many_repeats_of_a_command_at_once_one_is_carried_out(store: EventStore) -> None:
    command = uuid4()
    outcomes = await asyncio.gather(*(store.append(starting(command_id=command)) for _ in range(20)))
    assert sorted(outcome.status for outcome in outcomes) == [Status.DUPLICATE] * 19 + [Status.OK]
    assert await store.head() == 1


async def test_an_idempotency_key_keeps_ids_for_a_day(store: EventStore, connections: Database) -> None:
    key = IdempotencyKey(uuid4(), b"hash", "id of the result")
    first = await store.append(starting(events=3, idempotency=key))
    assert await store.append(starting(idempotency=key)) == Appended(Status.DUPLICATE, first.first, first.last)
    found = await store.find_idempotency(key.key)
    assert found is not None
    assert (found.body_hash, found.result, found.first, found.last) == (b"hash", "id of the result", 1, 3)
    await connections.pool.execute("update idempotency_keys set expires_at = clock_timestamp()")
    assert await store.find_idempotency(key.key) is None
    assert (await store.append(starting(idempotency=key))).status is Status.OK


async def test_expired_idempotency_keys_go_away_with_later_appends(store: EventStore, connections: Database) -> None:
    keys = [IdempotencyKey(uuid4(), b"", "") for _ in range(20)]
    await asyncio.gather(*(store.append(starting(idempotency=key)) for key in keys))
    await connections.pool.execute("update idempotency_keys set expires_at = clock_timestamp()")
    for _ in range(2):
        await store.append(starting(idempotency=IdempotencyKey(uuid4(), b"", "")))
    assert await connections.pool.fetchval("select count(*) from idempotency_keys") == 2


async def test_a_subjects_key_is_stored_with_the_append_and_only_once(store: EventStore, connections: Database) -> None:
    subject = uuid4()
    first, second = (starting(subject_keys=(SubjectKey(subject, key),)) for key in (b"one", b"two"))
    outcomes = await asyncio.gather(store.append(first), store.append(second))
    assert [outcome.status for outcome in outcomes] == [Status.OK, Status.CONFLICT]
    assert await connections.pool.fetchval("select wrapped from subject_keys where subject = $1", subject) == b"one"


async def test_erasing_a_subject_destroys_its_key_for_good(store: EventStore, connections: Database) -> None:
    known, unknown = uuid4(), uuid4()
    await store.append(starting(subject_keys=(SubjectKey(known, b"key"),)))
    assert (await store.append(starting(erase=(known, unknown)))).status is Status.OK
    rows = await connections.pool.fetch("select wrapped, erased_at is not null as erased from subject_keys")
    assert [tuple(row) for row in rows] == [(None, True)] * 2
    for subject in (known, unknown):
        assert await store.append(starting(subject_keys=(SubjectKey(subject, b"new"),))) == CONFLICT


async def test_an_append_of_an_erasure_alone_has_no_position(store: EventStore, connections: Database) -> None:
    assert await store.append(Append((), {}, erase=(uuid4(),))) == Appended(Status.OK, 0, 0)
    assert await connections.pool.fetchval("select count(*) from subject_keys") == 1


async def test_another_epoch_stops_appends_and_reads(store: EventStore, connections: Database) -> None:
    await store.append(starting())
    epoch = await begin_epoch(connections)
    with pytest.raises(EpochMismatch, match=str(epoch)):
        await store.append(starting())
    with pytest.raises(EpochMismatch):
        await store.read(0, 1)
    with pytest.raises(EpochMismatch):
        await store.head()
    renewed = await EventStore.open(connections)
    assert await renewed.append(starting()) == Appended(Status.OK, 2, 2)
    await renewed.close()


@pytest.mark.parametrize(
    ("append", "error"),
    [
        (appending(happened(uuid4(), 1, bytes(EVENT_BYTES + 1))), EventTooLarge),
        (appending(happened(UUID(int=1), 1), happened(UUID(int=1), 3)), InvalidAppend),
        (appending(happened(uuid4(), 0)), InvalidAppend),
        (appending(happened(uuid4(), 2**31)), InvalidAppend),
        (appending(happened(uuid4(), 1, type="No\x00")), InvalidAppend),
        (Append((happened(uuid4(), 1),), {"actor": "\x00"}), InvalidAppend),
        (Append((happened(uuid4(), 1),), {"actor": "\ud800"}), InvalidAppend),
        (Append((), {}, command_id=uuid4()), InvalidAppend),
        (starting(subject_keys=(SubjectKey(UUID(int=3), b""),), erase=(UUID(int=3),)), InvalidAppend),
        (starting(idempotency=IdempotencyKey(uuid4(), b"", "\x00")), InvalidAppend),
    ],
)
async def test_what_cannot_be_stored_is_refused_and_harms_no_neighbour(
    store: EventStore, append: Append, error: type[Exception]
) -> None:
    neighbours = [store.append(starting()) for _ in range(10)]
    bad, *good = await asyncio.gather(store.append(append), *neighbours, return_exceptions=True)
    assert isinstance(bad, error)
    assert sorted(one.first for one in good if isinstance(one, Appended)) == list(range(1, 11))


async def test_without_room_on_the_disk_nothing_is_stored_and_later_all_is_well(
    store: EventStore, connections: Database
) -> None:
    await connections.pool.execute("""
        create function full_disk() returns trigger language plpgsql as
            $$ begin raise exception 'could not extend file' using errcode = 'disk_full'; end $$;
        create trigger full_disk before insert on events execute function full_disk()""")
    outcomes = await asyncio.gather(*(store.append(starting()) for _ in range(3)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [StoreUnavailable] * 3
    await connections.pool.execute("drop trigger full_disk on events")
    assert await store.append(starting()) == Appended(Status.OK, 1, 1)


async def test_the_largest_event_is_stored_and_large_appends_wait_for_another_call(store: EventStore) -> None:
    appends = [appending(happened(uuid4(), 1, bytes(EVENT_BYTES))) for _ in range(12)]
    outcomes = await asyncio.gather(*map(store.append, appends))
    assert sorted(outcome.first for outcome in outcomes) == list(range(1, 13))


async def test_every_call_notifies_its_last_position_once(store: EventStore, connections: Database) -> None:
    heard: asyncio.Queue[str | None] = asyncio.Queue()
    connections.listen(CHANNEL, heard.put_nowait)
    async with asyncio.timeout(60):
        assert await heard.get() is None  # listening from now on
        await asyncio.gather(store.append(starting(events=3)), store.append(starting()))
        assert await heard.get() == "4"
        await store.append(starting())
        assert await heard.get() == "5"


async def test_closing_carries_out_what_waits_and_takes_no_more(store: EventStore) -> None:
    waiting = [asyncio.create_task(store.append(starting())) for _ in range(100)]
    await asyncio.sleep(0)
    await store.close()
    outcomes = await asyncio.gather(*waiting)
    assert sorted(outcome.first for outcome in outcomes) == list(range(1, 101))
    with pytest.raises(StoreClosed):
        await store.append(starting())


async def test_more_callers_than_the_queue_holds_are_all_served(
    store: EventStore, connections: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.append_lane.WAITING", 3)
    lane = AppendLane(connections.dsn, store.epoch)
    outcomes = await asyncio.gather(*(lane.append(starting()) for _ in range(20)))
    assert sorted(outcome.first for outcome in outcomes) == list(range(1, 21))
    await lane.close()


async def test_a_later_snapshot_stays(store: EventStore) -> None:
    stream = uuid4()
    assert await store.fetch_snapshot(stream) is None
    await store.save_snapshot(stream, 20, "dispatch.Routing", b"later")
    await store.save_snapshot(stream, 10, "dispatch.Routing", b"earlier")
    kept = await store.fetch_snapshot(stream)
    assert kept is not None
    assert (kept.version, kept.topic, kept.state) == (20, "dispatch.Routing", b"later")


async def test_the_store_is_sound_after_all_kinds_of_outcomes(store: EventStore, connections: Database) -> None:
    streams = [uuid4() for _ in range(5)]
    for version in (1, 2, 2, 3):
        await asyncio.gather(*(store.append(appending(happened(id, version))) for id in streams for _ in range(3)))
    assert await assert_sound(connections.pool) == 15
