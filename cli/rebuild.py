"""One read model after the other made again, shown, asked about and exchanged."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import click
import orjson

from cli.differences import as_json, lines
from cli.outdated import left
from cli.progress import Shows, progress
from cli.wishes import DIFFERENT, REFUSED, Wishes, refusal
from projections.checkpoints import checkpoints
from projections.difference import Difference
from projections.filling import Phase, Step
from projections.generations import next_of, old_of, outdated
from projections.read_model import ReadModel
from projections.rebuild import Rebuild, Source, prune, rebuilding, returning, scratch

# Beside a system at work: for each second of rebuilding, how long it leaves the processors to those who are waited for.
_REST = 1.0


async def replay_each(source: Source, models: Sequence[ReadModel], wishes: Wishes) -> int:
    """The exit status. Raises what `projections.rebuild` raises."""
    told: list[dict[str, Any]] = []
    status = 0
    with progress() as shows:
        for model in models:
            one = _Replay(source, model, wishes, shows)
            status = max(status, await one.run())
            told.append(one.told)
            if status == REFUSED:
                break
    if wishes.as_json:
        click.echo(orjson.dumps(told, default=str))
    return status


class _Replay:
    """Of one read model."""

    def __init__(self, source: Source, model: ReadModel, wishes: Wishes, shows: Shows) -> None:
        self._source, self._model, self._wishes, self._shows = source, model, wishes, shows
        self.told: dict[str, Any] = {"read_model": model.schema}

    async def run(self) -> int:
        async with await self._opened() as rebuild:
            found = await self._compared(rebuild)
            self.told["exchanged"] = False
            if self._wishes.dry_run:
                return DIFFERENT if found.rows else 0
            if reason := refusal(found, self._wishes, self._shows, f"Exchange {self._model.schema}?"):
                return self._refused(reason)
            await rebuild.flip()
            self.told["exchanged"] = True
            self._say(f"exchanged at position {rebuild.position:,}; what was live is {old_of(self._model)}")
        await prune(self._source, self._model, self._wishes.keep)
        await self._show_outdated()
        return 0

    async def _opened(self) -> AbstractAsyncContextManager[Rebuild]:
        [live] = await checkpoints(self._source.pool, [self._model])
        rest = _REST if live.projected else 0.0
        given = (self._source, self._model, self._tell)
        if self._wishes.rollback:
            return returning(*given)
        if self._wishes.dry_run:
            return scratch(*given, rest=rest)
        return rebuilding(*given, resume=self._wishes.resume, rest=rest)

    async def _compared(self, rebuild: Rebuild) -> Difference:
        if not self._wishes.rollback and not self._wishes.dry_run:
            await rebuild.fill()
        found = await rebuild.difference()
        self.told |= as_json(found) | {"position": rebuild.position}
        if not self._wishes.as_json:
            self._shows.say(*lines(found))
        return found

    async def _show_outdated(self) -> None:
        self.told["outdated"] = schemas = await outdated(self._source.pool, self._model)
        if schemas:
            self._say(f"{left(schemas)}: --drop-outdated drops what nobody needs any more")

    def _refused(self, reason: str) -> int:
        self.told["refused"] = reason
        began = "" if self._wishes.rollback else f"; {next_of(self._model)} stays for --resume"
        self._say(f"not exchanged: {reason}{began}")
        return REFUSED

    def _say(self, text: str) -> None:
        if not self._wishes.as_json:
            self._shows.say(f"{self._model.schema}: {text}")

    def _tell(self, step: Step) -> None:
        self._shows(step.phase, step.model, step.position, step.upto if step.phase is Phase.FILLING else None)
