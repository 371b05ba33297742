"""The ring holds few keys, briefly, and never one that was not stored."""

import asyncio
import os
from collections.abc import Collection
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from schemas.keyring import ERASED, KeyRing, MasterKey, Nonces, WrongMasterKey
from tests.unit.schemas.key_rings import MASTER, KeyTable, Seconds


def a_key() -> bytes:
    return AESGCM.generate_key(256)


def stored(table: KeyTable) -> UUID:
    subject = uuid4()
    table.rows[subject] = MASTER.wrap(subject, a_key())
    return subject


def test_a_wrapped_key_opens_with_its_master_key_and_subject_only() -> None:
    subject, key = uuid4(), a_key()
    wrapped = MASTER.wrap(subject, key)
    assert MASTER.unwrap(subject, wrapped) == key
    assert key not in wrapped
    with pytest.raises(WrongMasterKey):
        MASTER.unwrap(uuid4(), wrapped)
    with pytest.raises(WrongMasterKey):
        MasterKey(b"x" * 32).unwrap(subject, wrapped)
    with pytest.raises(WrongMasterKey):
        MASTER.unwrap(subject, wrapped[:10])


def test_a_master_key_has_32_bytes() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        MasterKey(b"short")


async def test_missing_keys_are_loaded_by_one_query_and_then_at_hand() -> None:
    table = KeyTable()
    ring = KeyRing(table, MASTER)
    subjects = {stored(table), stored(table), stored(table)}
    unknown = uuid4()
    assert (await ring.ensure(subjects | {unknown})).keys() == subjects
    assert table.queries == [subjects | {unknown}]
    await ring.ensure(subjects)
    assert len(table.queries) == 1


async def test_an_erased_subject_is_told_from_an_unknown_one() -> None:
    table = KeyTable()
    erased, unknown = uuid4(), uuid4()
    table.erase(erased)
    assert await KeyRing(table, MASTER).ensure([erased, unknown]) == {erased: ERASED}


async def test_another_master_key_is_an_error_and_not_an_erasure() -> None:
    table = KeyTable()
    subject = stored(table)
    with pytest.raises(WrongMasterKey, match=str(subject)):
        await KeyRing(table, MasterKey(b"x" * 32)).ensure([subject])


async def test_a_key_is_let_go_after_its_lifetime_however_often_it_is_used() -> None:
    table, seconds = KeyTable(), Seconds()
    ring = KeyRing(table, MASTER, seconds=seconds)
    subject = stored(table)
    await ring.ensure([subject])
    seconds.present += 59
    assert ring.get(subject) is not None
    seconds.present += 1
    assert ring.get(subject) is None


async def test_the_ring_holds_no_more_than_its_capacity_and_lets_go_of_the_longest_unused() -> None:
    table = KeyTable()
    ring = KeyRing(table, MASTER, capacity=2)
    first, second, third = (stored(table) for _ in range(3))
    await ring.ensure([first])
    await ring.ensure([second])
    ring.get(first)
    await ring.ensure([third])
    assert [ring.get(subject) is not None for subject in (first, second, third)] == [True, False, True]


async def test_more_keys_than_the_ring_holds_are_all_handed_out() -> None:
    table = KeyTable()
    subjects = {stored(table) for _ in range(5)}
    assert (await KeyRing(table, MASTER, capacity=2).ensure(subjects)).keys() == subjects


async def test_a_created_key_counts_only_once_it_is_remembered() -> None:
    ring = KeyRing(KeyTable(), MASTER)
    new = ring.create(uuid4())
    assert ring.get(new.subject) is None
    ring.remember([new])
    assert ring.get(new.subject) is new.cipher
    ring.forget(new.subject)
    assert ring.get(new.subject) is None


async def test_a_key_erased_while_it_is_loaded_is_not_held() -> None:
    table = KeyTable()
    subject = stored(table)
    loading, erased = asyncio.Event(), asyncio.Event()

    class SlowTable:
        async def load(self, subjects: Collection[UUID]) -> dict[UUID, bytes | None]:
            found = await table.load(subjects)
            loading.set()
            await erased.wait()
            return found

    ring = KeyRing(SlowTable(), MASTER)
    ensured = asyncio.create_task(ring.ensure([subject]))
    await loading.wait()
    table.erase(subject)
    ring.forget(subject)
    erased.set()
    assert await ensured == {subject: ERASED}
    assert ring.get(subject) is ERASED


def test_nonces_never_repeat_across_blocks() -> None:
    nonces = Nonces()
    taken = [nonces.next() for _ in range(1000)]
    assert len(set(taken)) == 1000
    assert {len(nonce) for nonce in taken} == {12}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_process_does_not_repeat_its_parents_nonces() -> None:
    nonces = Nonces()
    nonces.next()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, b"".join(nonces.next() for _ in range(10)))
        os._exit(0)
    os.waitpid(child, 0)
    theirs = os.read(reading, 120)
    os.close(reading)
    os.close(writing)
    ours = b"".join(nonces.next() for _ in range(10))
    assert len(theirs) == 120
    assert theirs != ours
