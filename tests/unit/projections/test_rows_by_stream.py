"""Read models that say that their rows come from one stream each, and may be repaired stream by stream: so they do."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, Table, Uuid

from projections.columns import UnfitTable
from projections.read_model import ReadModel
from projections.rows import Rows
from runtime.system import READ_MODELS
from schemas.recorded import Recorded
from tests.grammar import World, happened
from tests.samples import JOB, TECHNICIAN

BY_STREAM = [model for model in READ_MODELS if model.by_stream is not None]
OTHERS = {JOB: UUID(int=1), TECHNICIAN: UUID(int=2)}


def everything_twice(order: Sequence[tuple[str, bool]]) -> list[Recorded]:
    """Each event of two streams, in some order; then two of the people that they tell about are erased."""
    world = World()
    for type, other in order:
        event = happened(type)
        stream = OTHERS.get(event.stream, UUID(int=event.stream.int + 1)) if other else event.stream
        world.record(happened(type, stream))
    for subject in (JOB, *OTHERS.values()):
        world.record(happened("SubjectErased", subject_id=subject))
        world.log.keys[subject] = None
        world.codec.forget([subject])
    return world.recorded()


def rows_of(model: ReadModel, events: Sequence[Recorded]) -> dict[str, dict[Any, Any]]:
    rows = Rows()
    for event in events:
        model.fold(rows, event)
    return {table.name: rows.of(table) for table in model.tables}


@pytest.mark.parametrize("model", BY_STREAM, ids=lambda model: model.name)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_a_row_is_made_by_its_own_streams_events(model: ReadModel, data: st.DataObject) -> None:
    folded = sorted(model.types - {"SubjectErased"})
    events = everything_twice(data.draw(st.permutations([(type, other) for type in folded for other in (False, True)])))
    made: dict[str, dict[Any, Any]] = {table.name: {} for table in model.tables}
    for stream in {event.stream_id for event in events}:
        for table, rows in rows_of(model, [event for event in events if event.stream_id == stream]).items():
            assert all(row[str(model.by_stream)] == stream for row in rows.values())
            made[table] |= rows
    assert made == rows_of(model, events)


def test_rows_by_stream_have_the_streams_id_in_their_key() -> None:
    table = Table("t", MetaData(), Column("number", Integer, primary_key=True), Column("stream_id", Uuid))
    with pytest.raises(UnfitTable, match=r"t\.stream_id is no part of the key"):
        ReadModel("t", 1, [table], by_stream="stream_id")
