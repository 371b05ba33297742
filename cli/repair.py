"""Some streams' rows made again in the live read models: compared, shown, asked about and put in their place."""

from collections.abc import Sequence
from typing import Any

import click
import orjson

from cli.differences import as_json, lines
from cli.progress import Shows, progress
from cli.wishes import DIFFERENT, REFUSED, Wishes, refusal
from infra.counted import counted
from projections.filling import Step
from projections.read_model import ReadModel
from projections.rebuild import Source
from projections.repair import Meant, NotRepairable, compared, repaired, streams_meant


async def repair_each(source: Source, models: Sequence[ReadModel], meant: Meant, wishes: Wishes) -> int:
    """The exit status. Of several read models those that cannot be repaired in part are passed over, and named.

    Raises what `projections.repair` raises.
    """
    told: list[dict[str, Any]] = []
    status = 0
    with progress("streams") as shows:
        for model in models:
            one = _Repair(source, model, meant, wishes, shows)
            try:
                status = max(status, await one.run())
            except NotRepairable as problem:
                if len(models) == 1:
                    raise
                click.echo(f"jobstream: passed over: {problem}", err=True)
                one.told["passed_over"] = str(problem)
            told.append(one.told)
            if status == REFUSED:
                break
    if wishes.as_json:
        click.echo(orjson.dumps(told, default=str))
    return status


class _Repair:
    """Of one read model."""

    def __init__(self, source: Source, model: ReadModel, meant: Meant, wishes: Wishes, shows: Shows) -> None:
        self._source, self._model, self._meant = source, model, meant
        self._wishes, self._shows = wishes, shows
        self.told: dict[str, Any] = {"read_model": model.schema}

    async def run(self) -> int:
        streams = await streams_meant(self._source, self._model, self._meant, self._tell)
        found = await compared(self._source, self._model, streams, self._tell)
        self.told |= as_json(found) | {"streams": len(streams), "repaired": False}
        self._say(*lines(found))
        if self._wishes.dry_run:
            return DIFFERENT if found.rows else 0
        if not found.rows:
            return 0
        if reason := refusal(found, self._wishes, self._shows, f"Repair {self._model.schema}?"):
            self.told["refused"] = reason
            self._say(f"{self._model.schema}: not repaired: {reason}")
            return REFUSED
        await repaired(self._source, self._model, streams, self._tell)
        self.told["repaired"] = True
        self._say(f"{self._model.schema}: repaired, of {counted(len(streams), 'stream')}")
        return 0

    def _say(self, *said: str) -> None:
        if not self._wishes.as_json:
            self._shows.say(*said)

    def _tell(self, step: Step) -> None:
        self._shows(step.phase, step.model, step.position, step.upto)
