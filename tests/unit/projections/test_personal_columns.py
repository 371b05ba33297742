"""Differences between read models are shown: what is personal must be known to whoever shows them."""

import pytest
from sqlalchemy import Column, MetaData, Table, Text, Uuid

from projections.difference import personal_columns
from projections.read_model import ReadModel
from projections.rows import Rows
from runtime.system import READ_MODELS
from tests.grammar import REGISTRY, World, happened
from tests.samples import PAYLOADS

TELLING = sorted(type for type in PAYLOADS if REGISTRY.latest(happened(type).topic).personal)


@pytest.mark.parametrize("type", TELLING)
def test_every_column_that_a_personal_field_comes_into_is_known_as_personal(type: str) -> None:
    secrets = {field.name: f"secret-{field.name}" for field in REGISTRY.latest(happened(type).topic).personal}
    [event] = World().record(happened(type, **secrets)).recorded()
    for model in READ_MODELS:
        rows = Rows()
        model.fold(rows, event)
        found = [row for table in model.tables for row in rows.of(table).values()]
        told = {name for row in found for name, value in row.items() if "secret-" in str(value)}
        assert told <= personal_columns(model)


def test_a_column_may_be_marked_as_personal() -> None:
    table = Table("t", MetaData(), Column("id", Uuid, primary_key=True), Column("who", Text, info={"personal": True}))
    assert personal_columns(ReadModel("t", 1, [table])) == {"who"}
