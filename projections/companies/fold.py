"""How events change the companies read model."""

from projections.companies.tables import company, technician
from projections.read_model import ReadModel
from projections.rows import Rows
from schemas.recorded import Recorded

companies = ReadModel("companies", version=1, tables=[company, technician], by_stream="id")

_FIELDS = ("name", "provider_type", "skills", "categories", "states", "zip_prefixes", "active", "credentials_ref")


@companies.on("CompanyRegistered")
def registered(rows: Rows, event: Recorded) -> None:
    rows.insert(
        company,
        id=event.stream_id,
        owner=event.owner,
        created_at=event.occurred_at,
        updated_at=event.occurred_at,
        **{field: event[field] for field in _FIELDS},
    )


@companies.on("CompanyUpdated")
def updated(rows: Rows, event: Recorded) -> None:
    changes = {field: event[field] for field in event["changed"]}
    rows.update(company, event.stream_id, updated_at=event.occurred_at, **changes)


@companies.on("TechnicianRegistered")
def technician_registered(rows: Rows, event: Recorded) -> None:
    rows.insert(
        technician,
        id=event.stream_id,
        owner=event.owner,
        company_id=event["company_id"],
        name=event["name"],
        email=event["email"],
        phone=event["phone"],
        skills=event["skills"],
        created_at=event.occurred_at,
    )


@companies.on("SubjectErased")
def erased(rows: Rows, event: Recorded) -> None:
    rows.update(technician, event["subject_id"], name="(erased)", email=None, phone=None)
