"""Commands about notes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from commands.applications.loading import application_for, part_of
from commands.bus import Work, handles
from domain.applications.application import Application
from domain.applications.note import Note
from domain.applications.statuses import NoteKind
from domain.numbers import Kind, stream_id


@dataclass(frozen=True, slots=True)
class AddNote:
    """A person notes something about an application, at any time."""

    job_number: int
    kind: NoteKind
    content: str
    important: bool = False


@dataclass(frozen=True, slots=True)
class NoteTaken:
    number: int
    created_at: datetime


@handles(AddNote)
async def add_note(command: AddNote, work: Work) -> NoteTaken:
    application = await application_for(work, command.job_number)
    return await add_note_to(application, command.kind, command.content, command.important, work)


async def add_note_to(application: Application, kind: NoteKind, content: str, important: bool, work: Work) -> NoteTaken:
    number, now = await work.numbers.next(Kind.NOTE), work.now
    note = Note(
        id=stream_id(Kind.NOTE, number),
        number=number,
        job_id=application.job_id,
        job_number=application.number,
        kind=kind,
        content=content,
        important=important,
        owner_id=application.owner,
        timestamp=now,
    )
    work.lead(note)
    return NoteTaken(number, now)


@dataclass(frozen=True, slots=True)
class ChangeNote:
    """Change a note; `changes` by field name."""

    note_number: int
    changes: Mapping[str, Any]


@handles(ChangeNote)
async def change_note(command: ChangeNote, work: Work) -> datetime:
    """When it was changed."""
    note, now = await part_of(work, Note, Kind.NOTE, command.note_number), work.now
    await application_for(work, note.job_number)
    note.change(command.changes, now)
    return now
