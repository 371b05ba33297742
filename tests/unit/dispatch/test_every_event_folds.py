"""Whatever an event's schema takes, every read model folds, and PostgreSQL can be given."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Table

from projections.rows import Rows
from projections.statements import writes
from runtime.system import READ_MODELS
from tests.grammar import KINDS, REGISTRY, World, happened
from tests.samples import PAYLOADS
from tests.unit.schemas.avro_values import values

TYPES = sorted({type for kind in KINDS for type in PAYLOADS if hasattr(kind, type)})
FIELDS = ("name", "provider_type", "skills", "categories", "states", "zip_prefixes", "active", "credentials_ref")
# An update names only fields that it has a value for, or that may be null: the aggregate sees to it.
CHANGED: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {}, optional={name: st.just(PAYLOADS["CompanyRegistered"][name]) for name in FIELDS}
)


def payloads(type: str) -> st.SearchStrategy[Any]:
    if type == "CompanyUpdated":
        return CHANGED.map(lambda named: {"changed": sorted(named), **named})
    topic = happened(type).topic
    return values(dict(REGISTRY.latest(topic).declaration))


def columns_of(world: World) -> dict[Table, list[dict[str, Any]]]:
    return {table: world.rows(table) for model in READ_MODELS for table in model.tables}


def test_every_event_type_has_a_sample() -> None:
    assert set(TYPES) == set(PAYLOADS)
    assert {happened(type).topic for type in TYPES} == set(REGISTRY.types)


@pytest.mark.parametrize("type", TYPES)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_every_event_that_is_accepted_folds(type: str, data: st.DataObject) -> None:
    payload = data.draw(payloads(type))
    world = World().record(happened(type, UUID(int=7), **payload))
    [event] = world.recorded()
    for model in READ_MODELS:
        rows = Rows()
        model.fold(rows, event)
        writes(rows)


@pytest.mark.parametrize("order", [TYPES, TYPES[::-1]], ids=["one order", "the other"])
def test_no_fold_depends_on_what_came_before(order: list[str]) -> None:
    world = World().record(*(happened(type) for type in order))
    for table, rows in columns_of(world).items():
        required = [column.name for column in table.columns if not column.nullable]
        assert all(row[name] is not None for row in rows for name in required)
