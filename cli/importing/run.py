"""Postings from a file into the system, each once however often it comes."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO
from uuid import UUID, uuid4

import orjson

from api.automation.models.jobs import NewJob
from cli.importing.files import Row, Source
from cli.importing.postings import BadPosting, posting
from commands.bus import Envelope
from commands.imports import import_jobs
from commands.jobs import CreateJob
from projections.applications.fold import applications
from runtime.system import System

# So many go together: the store appends at once whatever waits.
_TOGETHER = 256
_WAIT_SECONDS = 1.0


@dataclass(slots=True)
class Report:
    """What became of a file's rows. `listed`: the read models show them."""

    imported: int = 0
    known: int = 0
    rejected: int = 0
    seconds: float = 0.0
    listed: bool = False


@dataclass(slots=True)
class Rejects:
    """The file of what could not be taken, with number and reason. It is made when the first one comes."""

    path: Path
    _file: BinaryIO | None = field(default=None, init=False)

    def add(self, row: Row, reason: str) -> None:
        if self._file is None:
            self._file = self.path.open("wb")
        line = {"number": row.number, "reason": reason, "row": row.values}
        self._file.write(orjson.dumps(line, default=str) + b"\n")

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


class Import:
    """One file's way in."""

    def __init__(self, system: System, source: Source, owner: UUID, board: str, rejects: Rejects) -> None:
        self._system, self._source, self._board, self._rejects = system, source, board, rejects
        self._envelope = Envelope("import", owner, correlation_id=f"import-{uuid4()}")
        self.report = Report()

    async def run(self, tell: Callable[[], None]) -> Report:
        """`tell` is called as it goes on. Raises `Conflict`, `Unavailable`; what came before is imported then."""
        began = time.monotonic()
        try:
            async with asyncio.TaskGroup() as under_way:
                await self._take_all(under_way, tell)
        except ExceptionGroup as group:
            raise group.exceptions[0] from None  # a second one met the same
        self.report.listed = await self._shown(await self._system.store.head())
        self.report.seconds = round(time.monotonic() - began, 3)
        return self.report

    async def _take_all(self, under_way: asyncio.TaskGroup, tell: Callable[[], None]) -> None:
        """Two parts at a time: while the database has one, the next is read and encoded."""
        rows, before = self._source.rows(), None
        while some := list(islice(rows, _TOGETHER)):
            taking = under_way.create_task(self._take(some))
            if before is not None:
                await before
                tell()
            before = taking

    async def _take(self, rows: list[Row]) -> None:
        taken = list(self._commands(rows))
        answers = await import_jobs(self._system.bus, [command for _, command in taken], self._envelope)
        for (row, _), answer in zip(taken, answers, strict=True):
            if answer.refused is not None:
                self._reject(row, answer.refused)
            elif answer.known:
                self.report.known += 1
            else:
                self.report.imported += 1

    def _commands(self, rows: list[Row]) -> Iterator[tuple[Row, CreateJob]]:
        for row in rows:
            try:
                if row.problem is not None:
                    raise BadPosting(row.problem)
                yield row, _command(posting(row.values, self._board))
            except BadPosting as reason:
                self._reject(row, str(reason))

    def _reject(self, row: Row, reason: str) -> None:
        self.report.rejected += 1
        self._rejects.add(row, reason)

    async def _shown(self, position: int) -> bool:
        """Whether the list has what came in until then; False when nothing runs that would fold it."""
        positions = self._system.positions
        while not positions.stopped(applications):
            if await positions.reached([applications], position, _WAIT_SECONDS):
                return True
        return False


def _command(found: NewJob) -> CreateJob:
    return CreateJob(
        company=found.company,
        title=found.job_title,
        description=found.job_description,
        url=found.job_url,
        location=found.location,
        salary_min=found.salary_min,
        salary_max=found.salary_max,
        source=found.source,
    )
