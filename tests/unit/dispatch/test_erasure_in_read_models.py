"""After an erasure read models hold nothing personal, whichever came first: the erasure or the fold."""

from typing import Any
from uuid import UUID

import pytest

from projections.companies.tables import technician
from projections.service_jobs.tables import service_job
from runtime.system import READ_MODELS
from tests.grammar import REGISTRY, World, happened
from tests.samples import JOB, PAYLOADS, TECHNICIAN

BEGINNING = (happened("CompanyRegistered"), happened("TechnicianRegistered"), happened("ServiceJobCreated"))


def erased(world: World, subject: UUID) -> None:
    world.log.keys[subject] = None
    world.codec.forget([subject])


def shown(world: World) -> dict[str, Any]:
    return {table.name: world.rows(table) for model in READ_MODELS for table in model.tables}


@pytest.mark.parametrize("subject", [JOB, TECHNICIAN])
def test_folding_before_and_after_the_erasure_gives_equal_rows(subject: UUID) -> None:
    world = World().record(*BEGINNING, happened("RoutingCreated"), happened("SubjectErased", subject_id=subject))
    folded_before = shown(world)
    erased(world, subject)
    assert shown(world) == folded_before


def test_an_erased_homeowner_is_blanked() -> None:
    world = World().record(*BEGINNING, happened("SubjectErased"))
    world.then_rows(
        service_job,
        summary="(erased)",
        street="(erased)",
        homeowner_name="(erased)",
        homeowner_phone=None,
        homeowner_email=None,
        city="Anytown",
        zip_code="90210",
    )
    world.then_rows(technician, name="Ada Pipe", email="ada@buckeye.example")


def test_an_erased_technician_is_blanked() -> None:
    world = World().record(*BEGINNING, happened("SubjectErased", subject_id=TECHNICIAN))
    world.then_rows(technician, name="(erased)", email=None, phone=None, skills={"plumbing": "expert"})
    world.then_rows(service_job, homeowner_name="John Doe")


@pytest.mark.parametrize("type", [type for type in PAYLOADS if REGISTRY.latest(happened(type).topic).personal])
def test_no_read_model_shows_a_personal_field_after_the_erasure(type: str) -> None:
    personal = [field.name for field in REGISTRY.latest(happened(type).topic).personal]
    secrets = {name: f"secret-{name}" for name in personal}
    event = happened(type, **secrets)
    subjects = World().codec.subjects(event.topic, event.payload, event.stream)
    world = World().record(event, *(happened("SubjectErased", subject_id=subject) for subject in subjects))
    assert "secret-" not in str(shown(world))


def test_erasing_somebody_whom_no_read_model_shows_changes_nothing() -> None:
    world = World().record(*BEGINNING)
    before = shown(world)
    world.record(happened("SubjectErased", subject_id=UUID(int=1)))
    assert shown(world) == before
