"""Notes."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from api.automation.errors import UNKNOWN_JOB
from api.automation.fields import Number
from api.automation.jobs import known
from api.automation.mapping import changes, found
from api.automation.models.notes import NewNote, Note, NoteChanges
from api.automation.paging import Form, Limit, Page, PageForm, Skip, cut
from api.direct import Direct
from api.session import Reading, Session, Writing
from commands.applications import AddNote, ChangeNote
from commands.applications.notes import NoteTaken
from projections.applications.fold import applications

router = APIRouter(prefix="/ats", tags=["Application Tracking System"], route_class=Direct)

NAMES: Mapping[str, str] = {"note_type": "kind", "content": "content", "is_important": "important"}


@router.post("/notes", status_code=201, summary="Add Note", response_model=Note, responses=UNKNOWN_JOB)
async def add(wanted: NewNote, session: Writing) -> Response:
    command = AddNote(wanted.job_id, wanted.note_type, wanted.content, wanted.is_important)
    outcome = await session.send(command, applications)
    if outcome.duplicate:
        return session.answer(_shown(await session.repeated(_of_first_request(session, outcome.first))), 201)
    return session.answer(_added(wanted, outcome.result), 201)


@router.put("/notes/{note_id}", summary="Update Note", response_model=Note)
async def update(note_id: Number, named: NoteChanges, session: Writing) -> Response:
    """Changes what is named."""
    await session.send(ChangeNote(note_id, changes(named, NAMES)), applications)
    return session.answer(_shown(await _note(session, note_id)))


@router.get("/jobs/{job_id}/notes", summary="Get Job Notes", response_model=list[Note] | Page)
async def of_job(
    job_id: Number, session: Reading, skip: Skip = 0, limit: Limit = 100, form: PageForm = Form.DOCUMENTED
) -> Response:
    """The first one first."""
    await session.caught_up(applications)
    await known(session, job_id)
    rows = await session.system.applications.notes.of_job(job_id)
    return session.answer(cut([_shown(row) for row in rows], form, skip, limit))


async def _note(session: Session, number: int | None) -> Any:
    row = None if number is None else await session.system.applications.notes.by_number(number, session.person)
    return found(row, "Note", number)


async def _of_first_request(session: Session, position: int) -> Any:
    return await _note(session, await session.system.applications.notes.made_at(position, session.person))


def _added(wanted: NewNote, made: NoteTaken) -> dict[str, Any]:
    """From the command and not from the read model, which may lag."""
    return {"id": made.number, **wanted.model_dump(), "created_at": made.created_at, "updated_at": made.created_at}


def _shown(row: Any) -> dict[str, Any]:
    return {
        "id": row["number"],
        "job_id": row["job_number"],
        "note_type": row["kind"],
        "content": row["content"],
        "is_important": row["important"],
        "created_at": row["created_at"],
        "updated_at": row["valid_from"],
    }
