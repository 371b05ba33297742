"""Tables of the applications read model: jobs, how far their applications have come, and the counts of both.

Whatever may be asked for as of a time has a row a version, valid from `valid_from` until before `valid_to`; the present
one has no end. Versions are those of the stream's events.
"""

from sqlalchemy import BigInteger, Column, DateTime, Float, Index, Integer, MetaData, Numeric, Table, Text, Uuid

from domain.applications.statuses import Status

metadata = MetaData()

# The job with its application as lists show it; `number` is both's.
application = Table(
    "application",
    metadata,
    Column("number", BigInteger, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("owner", Uuid, nullable=False),
    Column("reference", Text, nullable=False),
    Column("company", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("url", Text),
    Column("location", Text),
    Column("salary_min", Numeric),
    Column("salary_max", Numeric),
    Column("source", Text),
    Column("status", Text, nullable=False, default=Status.PROCESSING.value),
    Column("match_score", Float),
    Column("recommendation", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)
Index("application_by_position", application.c.position)
Index("application_by_owner", application.c.owner, application.c.number)
Index("application_by_status", application.c.owner, application.c.status, application.c.number)
Index(
    "application_by_score",
    application.c.owner,
    application.c.number,
    application.c.match_score,
    postgresql_where=application.c.match_score.isnot(None),
)

posting = Table(
    "posting",
    metadata,
    Column("number", BigInteger, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("reference", Text),
    Column("company", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("description", Text),
    Column("url", Text),
    Column("location", Text),
    Column("salary_min", Numeric),
    Column("salary_max", Numeric),
    Column("source", Text),
    Column("valid_from", DateTime(timezone=True), nullable=False),
    Column("valid_to", DateTime(timezone=True)),
)

progress = Table(
    "progress",
    metadata,
    Column("number", BigInteger, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("owner", Uuid, nullable=False),
    Column("status", Text, nullable=False),
    Column("valid_from", DateTime(timezone=True), nullable=False),
    Column("valid_to", DateTime(timezone=True)),
)
Index("progress_by_owner", progress.c.owner, progress.c.valid_from)

# How many applications a person has in each status.
tally = Table(
    "tally",
    metadata,
    Column("owner", Uuid, primary_key=True),
    Column("status", Text, primary_key=True),
    Column("count", BigInteger, nullable=False, default=0),
)

# Interviews and offers of one application, counted; no row for one that has neither. It goes with the application.
milestones = Table(
    "milestones",
    metadata,
    Column("number", BigInteger, primary_key=True),
    Column("owner", Uuid),
    Column("interviews", Integer, nullable=False, default=0),
    Column("completed", Integer, nullable=False, default=0),
    Column("passed", Integer, nullable=False, default=0),
    Column("rejected", Integer, nullable=False, default=0),
    Column("offers", Integer, nullable=False, default=0),
    Column("pending", Integer, nullable=False, default=0),
    Column("accepted", Integer, nullable=False, default=0),
    Column("declined", Integer, nullable=False, default=0),
    Column("expired", Integer, nullable=False, default=0),
    Column("salaries", Integer, nullable=False, default=0),
    Column("salary_sum", Numeric, nullable=False, default=0),
    Column("waits", Integer, nullable=False, default=0),
    Column("wait_days", Float, nullable=False, default=0),
)
Index("milestones_by_owner", milestones.c.owner)

# The history that a person is shown; `item` is the number of the interview, offer, note or follow-up it is about.
entry = Table(
    "entry",
    metadata,
    Column("position", BigInteger, primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("owner", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("from_status", Text),
    Column("to_status", Text),
    Column("notes", Text),
    Column("reason", Text),
    Column("item", BigInteger),
    Column("item_kind", Text),
    Column("item_at", DateTime(timezone=True)),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
)
Index("entry_by_number", entry.c.number, entry.c.position)
Index("entry_by_owner", entry.c.owner, postgresql_where=entry.c.notes.isnot(None))
