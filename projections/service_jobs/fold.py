"""How events change the service jobs read model."""

from domain.dispatch.statuses import JobStatus
from projections.read_model import ReadModel
from projections.rows import Rows
from projections.service_jobs.tables import service_job
from schemas.recorded import Recorded

service_jobs = ReadModel("service_jobs", version=1, tables=[service_job], by_stream="id")

_FIELDS = (
    "summary",
    "street",
    "city",
    "state",
    "zip_code",
    "homeowner_name",
    "homeowner_phone",
    "homeowner_email",
    "company_id",
    "technician_id",
    "required_skills",
    "skill_levels",
    "category",
    "routings",
)


@service_jobs.on("ServiceJobCreated")
def created(rows: Rows, event: Recorded) -> None:
    rows.insert(
        service_job,
        id=event.stream_id,
        position=event.position,
        owner=event.owner,
        status=JobStatus.PENDING.value,
        created_at=event.occurred_at,
        updated_at=event.occurred_at,
        **{field: event[field] for field in _FIELDS},
    )


@service_jobs.on("ServiceJobMatched")
def matched(rows: Rows, event: Recorded) -> None:
    rows.update(service_job, event.stream_id, routings=event["routings"], updated_at=event.occurred_at)


@service_jobs.on("ServiceJobCompleted")
def completed(rows: Rows, event: Recorded) -> None:
    rows.update(
        service_job,
        event.stream_id,
        status=JobStatus.COMPLETED.value,
        revenue=event["revenue"],
        completed_at=event["completed_at"],
        updated_at=event.occurred_at,
    )


@service_jobs.on("SubjectErased")
def erased(rows: Rows, event: Recorded) -> None:
    rows.update(
        service_job,
        event["subject_id"],
        summary="(erased)",
        street="(erased)",
        homeowner_name="(erased)",
        homeowner_phone=None,
        homeowner_email=None,
    )
