"""Carries one generation of a read model along the log: reading, folding and writing at the same time."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from infra.log_ranges import LogRanges, Range
from projections.failures import Defect, Overtaken, is_defect
from projections.folding import folded
from projections.read_model import ReadModel
from projections.session import Lease
from projections.statements import Write, sweeps, text, writes

CHUNK = 5_000  # positions
# Where others are given room: PostgreSQL is busy with a chunk for some milliseconds only, which nobody can interrupt.
_SMALL_CHUNK = 1_000


class Phase(StrEnum):
    FILLING = "filling"
    INDEXING = "indexing"
    COMPARING = "comparing"
    LOOKING = "looking for streams"
    REPAIRING = "repairing"


@dataclass(frozen=True, slots=True)
class Step:
    """How far a rebuild is, in positions of the log."""

    model: str
    phase: Phase
    position: int
    upto: int


Tell = Callable[[Step], None]


def silently(step: Step) -> None:
    """Tells nobody."""


class Filling:
    """One generation, `schema`, whose checkpoint stands at `position`. Nobody else writes it: `lease` says so."""

    def __init__(self, log: LogRanges, lease: Lease, model: ReadModel, schema: str, position: int) -> None:
        self.log, self.model, self.schema, self.position = log, model, schema, position
        self._lease = lease
        self._read_to = position

    async def to(self, upto: int, tell: Tell = silently, *, rest: float = 0.0) -> None:
        """Fold everything up to `upto`. `rest` is for how long to do nothing after each chunk, as a share of the time
        it took: for others who need the processors.

        Raises `Defect` for an event that cannot be folded, `Overtaken`, `GapInLog`, asyncpg's errors, `OSError`.
        What was written until then stays, and its checkpoint says so.
        """
        self._read_to = self.position
        chunk = _SMALL_CHUNK if rest else CHUNK
        reading = self._read(upto, chunk)
        writing: asyncio.Task[None] | None = None
        try:
            while reading is not None:
                began = time.perf_counter()
                part = await reading
                reading = self._read(upto, chunk)
                batch = writes(await folded(self.model, part.events))
                if writing is not None:
                    await writing
                writing = asyncio.create_task(self._save(part, batch))
                tell(Step(self.model.schema, Phase.FILLING, self.position, upto))
                if rest:
                    await asyncio.sleep(rest * (time.perf_counter() - began))
            if writing is not None:
                await writing
                tell(Step(self.model.schema, Phase.FILLING, self.position, upto))
        finally:
            pending = [task for task in (reading, writing) if task is not None]
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)

    def _read(self, upto: int, chunk: int) -> asyncio.Task[Range] | None:
        """The next chunk, which is read while the one before is folded and the one before that is written."""
        after, self._read_to = self._read_to, min(self._read_to + chunk, upto)
        if self._read_to <= after:
            return None
        return asyncio.create_task(self.log.read(after, self._read_to, self.model.types))

    async def _save(self, part: Range, batch: Sequence[Write]) -> None:
        statement = text(self.schema, tuple(shape for shape, _ in batch if not shape.last), quiet=True)
        arrays = [array for shape, found in batch if not shape.last for array in found]
        values = (part.upto, self.log.epoch, part.at, self.position, *arrays)
        try:
            moved = await self._lease.fetch(statement, *values, then=sweeps(self.schema, batch))
        except Exception as error:
            if not is_defect(error):
                raise
            after = self.position
            raise Defect(after + 1, f"{type(error).__name__} writing positions {after + 1} to {part.upto}") from error
        if not moved:
            raise Overtaken
        self.position = part.upto
