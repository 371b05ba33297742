"""Notes."""

from pydantic import BaseModel, ConfigDict

from api.automation.fields import JobNumber, Moment, Text, unnamed
from domain.applications.statuses import NoteKind


class NewNote(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "job_id": 1,
                "note_type": "communication",
                "content": "Spoke with recruiter, she mentioned team is expanding",
                "is_important": True,
            }
        }
    )

    job_id: JobNumber
    note_type: NoteKind = NoteKind.GENERAL
    content: Text
    is_important: bool = False


class NoteChanges(BaseModel):
    """What is to change; what is not named stays."""

    note_type: NoteKind = unnamed()
    content: Text = unnamed()
    is_important: bool = unnamed()


class Note(BaseModel):
    id: int
    job_id: int
    note_type: NoteKind
    content: str
    is_important: bool
    created_at: Moment
    updated_at: Moment
