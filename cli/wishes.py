"""What an operator asked of a command that changes read models, and whether it may."""

from dataclasses import dataclass

from cli.differences import rows_differ
from cli.progress import Shows
from projections.difference import Difference

DIFFERENT = 1
REFUSED = 3
FAILED = 4
INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Wishes:
    """The options."""

    dry_run: bool
    yes: bool
    rollback: bool
    resume: bool
    keep: int
    max_changes: int | None
    as_json: bool


def refusal(found: Difference, wishes: Wishes, shows: Shows, question: str) -> str | None:
    """Why the difference is not carried out; None when it is to be. Asks where nobody said `--yes`."""
    most = wishes.max_changes
    if most is not None and found.rows > most:
        return f"{rows_differ(found.rows)}, more than --max-changes {most:,}"
    if not wishes.yes and not shows.confirm(question):
        return "the answer was no"
    return None
