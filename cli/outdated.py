"""What earlier versions of read models have left: shown, asked about and dropped."""

from collections.abc import Sequence
from typing import Any

import click
import orjson

from cli.progress import progress
from cli.wishes import DIFFERENT, REFUSED, Wishes
from projections.generations import outdated
from projections.read_model import ReadModel
from projections.rebuild import Source, drop_outdated


async def drop_each(source: Source, models: Sequence[ReadModel], wishes: Wishes) -> int:
    """The exit status. Raises `Busy` where a process of an earlier release is still at work on a generation."""
    found = {model: schemas for model in models if (schemas := await outdated(source.pool, model))}
    with progress() as shows:
        if not wishes.as_json:
            lines = [f"{model.schema}: {left(schemas)}" for model, schemas in found.items()]
            shows.say(*(lines or ["nothing of earlier versions is left"]))
        dropped = bool(found) and not wishes.dry_run and (wishes.yes or shows.confirm("Drop them?"))
    if dropped:
        for model in found:
            await drop_outdated(source, model)
    if wishes.as_json:
        told: list[dict[str, Any]] = [
            {"read_model": model.schema, "outdated": found.get(model, []), "dropped": dropped and model in found}
            for model in models
        ]
        click.echo(orjson.dumps(told))
    if not found or dropped:
        return 0
    return DIFFERENT if wishes.dry_run else REFUSED


def left(schemas: Sequence[str]) -> str:
    """As a sentence, for a person to read."""
    return f"{', '.join(schemas)} {'is' if len(schemas) == 1 else 'are'} of an earlier version"
