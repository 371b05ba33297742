"""The applications read model and what its folds share."""

from typing import Any

from sqlalchemy import Table

from projections.applications.parts_tables import follow_up, interview, negotiation, note, offer_status, offer_terms
from projections.applications.tables import application, entry, milestones, posting, progress, tally
from projections.read_model import ReadModel
from projections.rows import Rows
from schemas.recorded import Recorded

applications = ReadModel(
    "applications",
    version=1,
    tables=[
        *(application, posting, progress, tally, milestones, entry),
        *(interview, offer_terms, offer_status, negotiation, note, follow_up),
    ],
)


def supersede(rows: Rows, table: Table, number: int, version: int, event: Recorded) -> None:
    """The version of a thing that was valid until this event is so no longer."""
    rows.update(table, (number, version), valid_to=event.occurred_at)


def tell(rows: Rows, event: Recorded, number: int, kind: str, **about: Any) -> None:
    """Add the event to the history of the application for job `number`."""
    rows.insert(
        entry,
        position=event.position,
        number=number,
        owner=event.owner,
        kind=kind,
        occurred_at=event.occurred_at,
        **about,
    )
