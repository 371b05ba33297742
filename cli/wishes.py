"""What an operator asked of a command that changes read models, and whether it may."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import click

from cli.differences import rows_differ
from cli.progress import Shows
from projections.difference import Difference

DIFFERENT = 1
REFUSED = 3
FAILED = 4
INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Wishes:
    """The options. Raises `UsageError` for some that do not go together."""

    dry_run: bool
    yes: bool
    rollback: bool
    resume: bool
    keep: int
    max_changes: int | None
    as_json: bool

    def __post_init__(self) -> None:
        if self.resume and (self.dry_run or self.rollback):
            raise click.UsageError("--resume goes on to an exchange: not with --dry-run or --rollback")
        if not self.dry_run and not self.yes and not self._somebody_there():
            raise click.UsageError("nobody can be asked here: say --yes to go ahead, or --dry-run to look first")

    def _somebody_there(self) -> bool:
        return sys.stdin.isatty() and sys.stdout.isatty() and not self.as_json


def wishing(command: Callable[..., None]) -> Callable[..., None]:
    """Options that a command receives as its `wishes`."""

    @click.option("--dry-run", is_flag=True, help="Stop after showing the difference; nothing is kept.")
    @click.option("--yes", is_flag=True, help="Go ahead without asking.")
    @click.option("--rollback", is_flag=True, help="Go back to the generation that was live before.")
    @click.option("--resume", is_flag=True, help="Go on with a rebuild that was interrupted or not exchanged.")
    @click.option("--keep", type=click.IntRange(0), default=1, show_default=True, help="Old generations to keep.")
    @click.option("--max-changes", type=click.IntRange(0), help="Refuse to exchange when more rows differ.")
    @click.option("--json", "json", is_flag=True, help="JSON instead of lines.")
    @wraps(command)
    def wished(
        dry_run: bool,
        yes: bool,
        rollback: bool,
        resume: bool,
        keep: int,
        max_changes: int | None,
        json: bool,
        **others: Any,
    ) -> None:
        command(wishes=Wishes(dry_run, yes, rollback, resume, keep, max_changes, json), **others)

    return wished


def refusal(found: Difference, wishes: Wishes, shows: Shows, question: str) -> str | None:
    """Why the difference is not carried out; None when it is to be. Asks where nobody said `--yes`."""
    most = wishes.max_changes
    if most is not None and found.rows > most:
        return f"{rows_differ(found.rows)}, more than --max-changes {most:,}"
    if not wishes.yes and not shows.confirm(question):
        return "the answer was no"
    return None
