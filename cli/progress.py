"""How far a long command is: a bar with rate and time left on a terminal, now and then a line elsewhere.

Both go to standard error: standard output is for what the command answers.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

_LINE_SECONDS = 5.0


class Shows(Protocol):
    """Takes what is being done, to what, how much of it is done, and how much there is (None: nobody knows)."""

    def __call__(self, what: str, of: str, done: int, total: int | None) -> None: ...

    def say(self, *lines: str) -> None:
        """Lines of the command's answer, on standard output."""
        ...

    def confirm(self, question: str) -> bool:
        """Asks whoever sits at the terminal."""
        ...


@contextmanager
def progress(unit: str = "events") -> Iterator[Shows]:
    """For as long as the command works; `unit` is what is counted."""
    if not sys.stderr.isatty():
        yield _Lines(unit)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(unit), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        yield _Bars(bars)


class _Rate(ProgressColumn):
    def __init__(self, unit: str) -> None:
        super().__init__()
        self._unit = unit

    def render(self, task: Task) -> Text:
        return Text("" if task.speed is None else f"{task.speed:,.0f} {self._unit}/s")


class _Bars:
    """One bar for each thing that is done."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._description = ""
        self._current: TaskID | None = None

    def __call__(self, what: str, of: str, done: int, total: int | None) -> None:
        description = f"{of}: {what}"
        if self._current is None or description != self._description:
            self._remove()
            self._description, self._current = description, self._bars.add_task(description, total=total)
        self._bars.update(self._current, completed=done, total=total)

    def say(self, *lines: str) -> None:
        with self._aside():
            click.echo("\n".join(lines))

    def confirm(self, question: str) -> bool:
        with self._aside():
            return click.confirm(question)

    def _remove(self) -> None:
        if self._current is not None:
            self._bars.remove_task(self._current)
            self._current = None

    @contextmanager
    def _aside(self) -> Iterator[None]:
        """The bar would be drawn over what is written meanwhile."""
        self._remove()
        self._bars.stop()
        try:
            yield
        finally:
            self._bars.start()


class _Lines:
    """A line at the beginning, every few seconds, and at the end."""

    def __init__(self, unit: str) -> None:
        self._unit = unit
        self._description = ""
        self._began, self._from, self._told = 0.0, 0, 0.0

    def __call__(self, what: str, of: str, done: int, total: int | None) -> None:
        now, description = time.monotonic(), f"{of}: {what}"
        if description != self._description:
            self._description, self._began, self._from = description, now, done
        elif total is not None and done < total and now - self._told < _LINE_SECONDS:
            return
        self._told = now
        counts = "" if total is None else f" {done:,} of {total:,}{self._pace(now, done, total)}"
        click.echo(f"{description}{counts}", err=True)

    def say(self, *lines: str) -> None:
        click.echo("\n".join(lines))

    def confirm(self, question: str) -> bool:
        return click.confirm(question)

    def _pace(self, now: float, done: int, total: int) -> str:
        rate = (done - self._from) / (now - self._began) if now > self._began else 0.0
        if not rate:
            return ""
        return f" ({rate:,.0f} {self._unit}/s, {(total - done) / rate:,.0f} s left)"
