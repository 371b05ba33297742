"""Folding a batch of events without keeping the process from everything else."""

import asyncio
from collections.abc import Sequence

from projections.failures import Defect
from projections.read_model import ReadModel
from projections.rows import Rows
from schemas.recorded import Recorded

_BREATH = 200  # events folded between two turns of the event loop


async def folded(model: ReadModel, events: Sequence[Recorded]) -> Rows:
    """What the events do to the rows of `model`. Raises `Defect` for the event that cannot be folded."""
    rows = Rows()
    types = model.types
    for number, event in enumerate(events):
        if number % _BREATH == _BREATH - 1:
            await asyncio.sleep(0)
        if event.type not in types:
            continue
        try:
            model.fold(rows, event)
        except Exception as error:
            raise Defect.of(event, error) from error
    return rows
