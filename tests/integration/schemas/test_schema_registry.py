"""Confluent's own client takes our registry for Confluent's."""

import json
from typing import Any

import httpx
import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient, SchemaRegistryError
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.personal import PREFIX
from schemas.registry import Registry
from tests.unit.schemas.avro_values import STREAM, recorded, values
from tests.unit.schemas.key_rings import Process

REGISTRY = Registry()
SYNCED = "jobstream.dispatch.RoutingSynced"


@pytest.fixture(scope="module")
def client(registry_url: str) -> SchemaRegistryClient:
    return SchemaRegistryClient({"url": registry_url})


def context(type: str) -> SerializationContext:
    return SerializationContext(f"{type.split('.')[0]}.events.v1", MessageField.VALUE)


@pytest.mark.parametrize("type", [type for type in REGISTRY.types if REGISTRY.latest(type).declaration["fields"]])
@settings(max_examples=10, deadline=None)
@given(data=st.data())
async def test_confluents_deserializer_reads_every_event(
    client: SchemaRegistryClient, type: str, data: st.DataObject
) -> None:
    payload = data.draw(values(REGISTRY.latest(type).declaration))
    codec = Process(registry=REGISTRY).codec
    encoded = codec.encode(type, payload, STREAM, await codec.prepare([]))
    read: Any = AvroDeserializer(client)(encoded, context(type))
    sealed = {field.name for field in REGISTRY.latest(type).personal if payload[field.name] is not None}
    assert {name: value for name, value in read.items() if name not in sealed} == {
        name: value for name, value in payload.items() if name not in sealed
    }
    assert all(read[name].startswith(PREFIX) for name in sealed)


def test_confluents_serializer_writes_what_we_read(client: SchemaRegistryClient) -> None:
    schema = client.get_latest_version(SYNCED).schema
    settings = {"auto.register.schemas": False, "subject.name.strategy.type": "RECORD"}
    payload = {"external_id": "ST-1", "attempt": 1, "ambiguous": False}
    data = AvroSerializer(client, schema, conf=settings)(payload, context("dispatch.RoutingSynced"))
    assert data is not None
    assert recorded("dispatch.RoutingSynced", data, Process().codec.decode).payload == payload


def test_subjects_versions_and_ids_agree(client: SchemaRegistryClient) -> None:
    assert client.get_subjects() == [f"jobstream.{type}" for type in REGISTRY.types]
    assert client.get_schema_types() == ["AVRO"]
    assert client.get_versions(SYNCED) == [1]
    latest = client.get_latest_version(SYNCED)
    assert (latest.subject, latest.version) == (SYNCED, 1)
    assert latest.schema_id == REGISTRY.latest("dispatch.RoutingSynced").id
    assert client.get_version(SYNCED, 1).schema.schema_str == latest.schema.schema_str
    assert [(use.subject, use.version) for use in client.get_schema_versions(latest.schema_id)] == [(SYNCED, 1)]
    assert client.get_compatibility() == client.get_compatibility(SYNCED) == "BACKWARD_TRANSITIVE"
    assert client.get_global_mode() == client.get_mode(SYNCED) == "READONLY"


def test_a_schema_is_found_by_its_text_however_it_is_spaced(client: SchemaRegistryClient) -> None:
    schema = REGISTRY.latest("dispatch.RoutingSynced")
    text = json.dumps(schema.declaration, indent=8)
    assert client.lookup_schema(SYNCED, Schema(text, "AVRO")).schema_id == schema.id


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/subjects/jobstream.dispatch.RoutingLost/versions", 404, 40401),
        ("/subjects/dispatch.RoutingSynced/versions", 404, 40401),
        ("/subjects/jobstream.dispatch.RoutingLost/versions/1", 404, 40401),
        (f"/subjects/{SYNCED}/versions/99", 404, 40402),
        (f"/subjects/{SYNCED}/versions/0", 422, 42202),
        (f"/subjects/{SYNCED}/versions/first", 422, 42202),
        ("/schemas/ids/99999", 404, 40403),
        ("/schemas/ids/99999/versions", 404, 40403),
        ("/schemas/ids/first", 404, 404),
        ("/config/jobstream.dispatch.RoutingLost", 404, 40401),
        ("/mode/jobstream.dispatch.RoutingLost", 404, 40401),
        ("/nowhere", 404, 404),
    ],
)
def test_what_is_not_there_is_refused_in_confluents_words(registry_url: str, path: str, status: int, code: int) -> None:
    answer = httpx.get(registry_url + path)
    assert (answer.status_code, answer.json()["error_code"]) == (status, code)
    assert answer.headers["content-type"] == "application/vnd.schemaregistry.v1+json"
    assert answer.json()["message"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"schema": '{"type": "record", "name": "Other", "fields": []}'}, 40403),
        ({"schema": "{not json"}, 42201),
        ({"schema": "syntax = 'proto3'", "schemaType": "PROTOBUF"}, 42201),
        ({"schema": "[" * 100_000}, 42201),
        ({"text": "x"}, 422),
        ([], 422),
    ],
)
def test_an_unknown_schema_is_not_found(registry_url: str, body: Any, code: int) -> None:
    answer = httpx.post(f"{registry_url}/subjects/{SYNCED}", json=body)
    assert answer.json()["error_code"] == code
    assert answer.status_code == int(str(code)[:3])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", f"/subjects/{SYNCED}/versions"),
        ("DELETE", f"/subjects/{SYNCED}"),
        ("DELETE", f"/subjects/{SYNCED}/versions/1"),
        ("PUT", "/config"),
        ("PUT", f"/config/{SYNCED}"),
        ("PUT", "/mode"),
    ],
)
def test_nothing_can_be_written(registry_url: str, method: str, path: str) -> None:
    answer = httpx.request(method, registry_url + path, json={"schema": '"string"'})
    assert (answer.status_code, answer.json()["error_code"]) == (405, 405)
    assert "read-only" in answer.json()["message"]


def test_a_client_that_registers_is_told_that_it_cannot(client: SchemaRegistryClient) -> None:
    with pytest.raises(SchemaRegistryError, match="read-only"):
        client.register_schema(SYNCED, Schema('"string"', "AVRO"))
