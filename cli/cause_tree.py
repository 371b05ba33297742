"""Cause and effect as a tree: on a terminal with branches, elsewhere indented, or as JSON."""

from collections.abc import Iterator
from uuid import UUID

import click
from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from cli.event_text import described, json
from infra.disclosure import Disclosure
from schemas.recorded import Recorded
from streams.causation import Causes, Step


def show_tree(causes: Causes, stream_id: UUID, shown: Disclosure, as_json: bool) -> None:
    """Print what `causes` found; the events of `stream_id` stand out."""
    if as_json:
        click.echo(json({"complete": causes.complete, "steps": [_described(step, shown) for step in causes.steps]}))
        return
    console = Console(highlight=False, soft_wrap=True)
    if console.is_terminal:
        for tree in _trees(causes, stream_id):
            console.print(tree)
    else:
        for line in _lines(causes):
            click.echo(line)
    if not causes.complete:
        click.echo("… and more: only the first events are shown")


def _described(step: Step, shown: Disclosure) -> dict[str, object]:
    return {
        "correlation_id": step.correlation_id,
        "command": step.command,
        "actor": step.actor,
        "caused_by": step.caused_by,
        "depth": step.depth,
        "events": [described(event, shown) for event in step.events],
    }


def _lines(causes: Causes) -> Iterator[str]:
    for step in causes.steps:
        margin = "    " * step.depth
        yield margin + _headed(step)
        for event in step.events:
            yield f"{margin}  {_told(event)}"


def _trees(causes: Causes, stream_id: UUID) -> Iterator[Tree]:
    """One for each command that nothing known has caused."""
    branches: dict[UUID, Tree] = {}
    roots: list[Tree] = []
    for step in causes.steps:
        label = Text(_headed(step), style="cyan")
        if step.depth and step.caused_by is not None:
            branch = branches[step.caused_by].add(label)
        else:
            branch = Tree(label)
            roots.append(branch)
        for event in step.events:
            style = "bold" if event.stream_id == stream_id else ""
            branches[event.event_id] = branch.add(Text(_told(event), style=style))
    return iter(roots)


def _headed(step: Step) -> str:
    asked = "" if step.depth else f"  (correlation {step.correlation_id})"
    return f"{step.command} by {step.actor}{asked}"


def _told(event: Recorded) -> str:
    return f"{event.position}  {event.category}.{event.type}  {event.stream_id} v{event.version}"
