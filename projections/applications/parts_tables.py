"""Tables of the applications read model: interviews, offers, notes and follow-ups."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Index, Integer, Numeric, Table, Text, Uuid

from domain.applications.statuses import FollowUpStatus
from projections.applications.tables import metadata

interview = Table(
    "interview",
    metadata,
    Column("number", BigInteger, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("owner", Uuid, nullable=False),
    Column("job_number", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("scheduled_at", DateTime(timezone=True), nullable=False),
    Column("duration_minutes", Integer, nullable=False),
    Column("location", Text),
    Column("interviewer_name", Text),
    Column("interviewer_email", Text),
    Column("preparation_notes", Text),
    Column("outcome", Text),
    Column("feedback", Text),
    Column("valid_from", DateTime(timezone=True), nullable=False),
    Column("valid_to", DateTime(timezone=True)),
)
Index("interview_by_position", interview.c.position)
Index("interview_by_id", interview.c.id)
Index("interview_by_job", interview.c.job_number, interview.c.number)
Index("interview_by_owner", interview.c.owner, interview.c.valid_from)
Index(
    "interview_upcoming",
    interview.c.owner,
    interview.c.scheduled_at,
    postgresql_where=interview.c.valid_to.is_(None),
)

offer_terms = Table(
    "offer_terms",
    metadata,
    Column("number", BigInteger, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("owner", Uuid, nullable=False),
    Column("job_number", BigInteger, nullable=False),
    Column("base_salary", Numeric),
    Column("bonus", Numeric),
    Column("equity", Text),
    Column("other_benefits", Text),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True)),
    Column("notes", Text),
    Column("applied_at", DateTime(timezone=True)),
    Column("valid_from", DateTime(timezone=True), nullable=False),
    Column("valid_to", DateTime(timezone=True)),
)
Index("offer_terms_by_position", offer_terms.c.position)
Index("offer_terms_by_job", offer_terms.c.job_number, offer_terms.c.number)
Index("offer_terms_by_owner", offer_terms.c.owner)

offer_status = Table(
    "offer_status",
    metadata,
    Column("number", BigInteger, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("status", Text, nullable=False),
    Column("decided_at", DateTime(timezone=True)),
    Column("valid_from", DateTime(timezone=True), nullable=False),
    Column("valid_to", DateTime(timezone=True)),
)

negotiation = Table(
    "negotiation",
    metadata,
    Column("number", BigInteger, primary_key=True),
    Column("entry", Integer, primary_key=True),
    Column("owner", Uuid, nullable=False),
    Column("job_number", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("requested_changes", Text),
    Column("employer_response", Text),
    Column("notes", Text),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
)
Index("negotiation_by_job", negotiation.c.job_number)
Index("negotiation_by_owner", negotiation.c.owner)

note = Table(
    "note",
    metadata,
    Column("number", BigInteger, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("owner", Uuid, nullable=False),
    Column("job_number", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("important", Boolean, nullable=False),
    Column("valid_from", DateTime(timezone=True), nullable=False),
    Column("valid_to", DateTime(timezone=True)),
)
Index("note_by_position", note.c.position)
Index("note_by_job", note.c.job_number, note.c.number)
Index("note_by_owner", note.c.owner)

OPEN = (FollowUpStatus.SCHEDULED.value, FollowUpStatus.DUE.value)

follow_up = Table(
    "follow_up",
    metadata,
    Column("number", BigInteger, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("owner", Uuid, nullable=False),
    Column("job_number", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("sent_at", DateTime(timezone=True)),
    Column("by_mail", Boolean),
    Column("template", Text),
    Column("send_automatically", Boolean, nullable=False),
    Column("sequence", Text),
    Column("sequence_id", Uuid),
    Column("only_without_response", Boolean, nullable=False),
    Column("mail_error", Text),
    Column("notes", Text),
    Column("reason", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
)
Index("follow_up_by_position", follow_up.c.position)
Index("follow_up_by_job", follow_up.c.job_number, follow_up.c.due_at)
Index("follow_up_by_owner", follow_up.c.owner)
Index("follow_up_open", follow_up.c.owner, follow_up.c.due_at, postgresql_where=follow_up.c.status.in_(OPEN))
