"""Keys in a real table: they come with the first append, go with the erasure, and open what subscribers read."""

import base64
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from fastapi import FastAPI, HTTPException
from fastavro import parse_schema, schemaless_reader

from api.subject_keys import subject_keys_router
from infra.event_store import Append, Appended, EventStore, NewEvent, Status, SubjectKey
from infra.recorded_rows import recorded
from infra.subject_keys import PostgresSubjectKeys
from schemas.codec import Codec
from schemas.keyring import KeyRing, MasterKey, SubjectErasedError, WrongMasterKey
from schemas.personal import AppendKeys
from schemas.recorded import Recorded
from schemas.registry import Registry
from tests.appends import appending, happened
from tests.unit.schemas.key_rings import MASTER, Seconds

TYPE = "dispatch.TechnicianRegistered"
MARTA = {"company_id": uuid4(), "name": "Marta Ruiz", "email": "marta@example.org", "phone": None, "skills": {}}


def codec_of(keys: PostgresSubjectKeys, master: MasterKey = MASTER, seconds: Seconds | None = None) -> Codec:
    """Another process's codec, with a key ring of its own."""
    return Codec(Registry(), KeyRing(keys, master, seconds=seconds or Seconds()))


def registration(codec: Codec, subject: UUID, keys: AppendKeys, version: int = 1) -> Append:
    data = codec.encode(TYPE, MARTA, subject, keys)
    event: NewEvent = happened(subject, version, data, "TechnicianRegistered")
    return appending(event, subject_keys=tuple(SubjectKey(new.subject, new.wrapped) for new in keys.created))


async def register(store: EventStore, codec: Codec, subject: UUID) -> Appended:
    keys = await codec.prepare([subject])
    appended = await store.append(registration(codec, subject, keys))
    assert appended.status is Status.OK
    codec.keep(keys)
    return appended


async def first_event(store: EventStore, codec: Codec) -> Recorded:
    row = (await store.read(0, 1))[0]
    event = recorded(row, store.epoch, codec.decode)
    await codec.open([event])
    return event


async def test_another_process_reads_what_was_written(store: EventStore, keys: PostgresSubjectKeys) -> None:
    await register(store, codec_of(keys), uuid4())
    assert (await first_event(store, codec_of(keys))).payload == MARTA


async def test_whoever_was_second_writes_under_the_key_of_the_first(
    store: EventStore, keys: PostgresSubjectKeys
) -> None:
    subject, first, second = uuid4(), codec_of(keys), codec_of(keys)
    late = await second.prepare([subject])
    stale = registration(second, subject, late)
    await register(store, first, subject)
    assert (await store.append(stale)).status is Status.CONFLICT

    again = await second.prepare([subject])
    assert (await store.append(registration(second, subject, again, version=2))).status is Status.OK
    assert again.created == ()
    for row in await store.read_stream(subject):
        event = recorded(row, store.epoch, first.decode)
        await first.open([event])
        assert event.payload == MARTA


async def test_erasing_a_subject_leaves_events_that_read_as_erased(
    store: EventStore, keys: PostgresSubjectKeys
) -> None:
    subject, here = uuid4(), codec_of(keys)
    seconds = Seconds()
    elsewhere = codec_of(keys, seconds=seconds)
    await register(store, here, subject)
    assert (await first_event(store, elsewhere))["name"] == "Marta Ruiz"

    reason = {"subject_id": subject, "reason": "asked to be forgotten"}
    data = here.encode("identity.SubjectErased", reason, subject, await here.prepare([]))
    await store.append(appending(happened(uuid4(), 1, data, "SubjectErased"), erase=(subject,)))
    here.forget([subject])

    assert (await first_event(store, here)).payload == {**MARTA, "name": "(erased)", "email": None}
    assert (await first_event(store, elsewhere))["name"] == "Marta Ruiz"
    seconds.present += 60
    assert (await first_event(store, elsewhere))["name"] == "(erased)"
    with pytest.raises(SubjectErasedError):
        registration(here, subject, await here.prepare([subject]), version=2)


async def test_another_master_key_is_an_error_and_not_an_erasure(store: EventStore, keys: PostgresSubjectKeys) -> None:
    subject = uuid4()
    await register(store, codec_of(keys), subject)
    with pytest.raises(WrongMasterKey, match=str(subject)):
        await first_event(store, codec_of(keys, MasterKey(b"x" * 32)))


def subscribers(keys: PostgresSubjectKeys, refused: bool = False) -> httpx.AsyncClient:
    async def authorised() -> None:
        if refused:
            raise HTTPException(403, "needs keys:read")

    app = FastAPI()
    app.include_router(subject_keys_router(keys, MASTER, authorised))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost")


async def test_a_subscriber_opens_a_value_as_the_documentation_says(
    store: EventStore, keys: PostgresSubjectKeys
) -> None:
    subject = uuid4()
    await register(store, codec_of(keys), subject)
    data: bytes = (await store.read(0, 1))[0]["data"]
    message: Any = _avro(data)
    async with subscribers(keys) as client:
        answer = await client.get(f"/subject-keys/{subject}")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() | {"key": "…"} == {"subject": str(subject), "algorithm": "AES-256-GCM", "key": "…"}

    key = base64.b64decode(answer.json()["key"])
    for field in ("name", "email"):
        raw = base64.urlsafe_b64decode(message[field].removeprefix("enc:1:"))
        plain = AESGCM(key).decrypt(raw[:12], raw[12:], f"{TYPE}/{field}/{subject}".encode()).decode()
        assert plain == MARTA[field]


def _avro(data: bytes) -> Any:
    schema = Registry().by_id(int.from_bytes(data[1:5], "big"))
    assert schema is not None
    return schemaless_reader(BytesIO(data[5:]), parse_schema(dict(schema.declaration)), None)


async def test_an_unknown_subject_has_no_key_and_an_erased_one_no_more(
    store: EventStore, keys: PostgresSubjectKeys
) -> None:
    subject, codec = uuid4(), codec_of(keys)
    await register(store, codec, subject)
    await store.append(appending(happened(uuid4(), 1), erase=(subject,)))
    async with subscribers(keys) as client:
        assert (await client.get(f"/subject-keys/{uuid4()}")).status_code == 404
        assert (await client.get(f"/subject-keys/{subject}")).status_code == 410
        assert (await client.get("/subject-keys/nobody")).status_code == 422


async def test_nobody_gets_a_key_without_being_authorised(store: EventStore, keys: PostgresSubjectKeys) -> None:
    subject = uuid4()
    await register(store, codec_of(keys), subject)
    async with subscribers(keys, refused=True) as client:
        answer = await client.get(f"/subject-keys/{subject}")
    assert answer.status_code == 403
    assert "key" not in answer.json()
