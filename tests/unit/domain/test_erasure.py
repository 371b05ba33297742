from datetime import timedelta
from uuid import uuid4

from commands.dispatch import ClaimRouting, CreateServiceJob, RegisterTechnician
from commands.identity import EraseSubject
from domain.dispatch.service_job import ServiceJob
from domain.identity.subject import Erasure
from tests.grammar import given, happened
from tests.samples import COMPANY, JOB, TECHNICIAN

CREATED = happened("ServiceJobCreated")


def test_erasing_a_subject_records_it_and_destroys_the_key_in_one_append() -> None:
    world = given(CREATED)
    assert world.log.keys[JOB] is not None
    world.when(EraseSubject(JOB, "asked")).then("SubjectErased", subject_id=JOB, reason="asked")
    assert world.log.keys[JOB] is None


def test_a_subject_is_erased_once() -> None:
    world = given(CREATED)
    world.when(EraseSubject(JOB, "asked"))
    again = world.when(EraseSubject(JOB, "asked again"))
    again.then_nothing()
    assert again.result == Erasure.create_id(JOB)


def test_an_erased_jobs_events_read_as_erased() -> None:
    world = given(CREATED)
    world.when(EraseSubject(JOB, "asked"))
    created = world.recorded()[0]
    shown = {name: created[name] for name in ("summary", "street", "homeowner_name", "homeowner_email", "city")}
    assert shown == {
        "summary": "(erased)",
        "street": "(erased)",
        "homeowner_name": "(erased)",
        "homeowner_email": None,
        "city": "Anytown",
    }


def test_an_erased_job_still_loads_and_its_routings_go_on() -> None:
    world = given(CREATED, happened("RoutingCreated"))
    world.when(EraseSubject(JOB, "asked"))
    assert world.load(ServiceJob, JOB).homeowner_name == "(erased)"
    routing = world.recorded()[1].stream_id
    world.when(ClaimRouting(routing, "w", timedelta(seconds=45))).then("RoutingClaimed")


def test_somebody_unknown_can_be_erased_before_anything_is_recorded_about_them() -> None:
    stranger = uuid4()
    given().when(EraseSubject(stranger, "asked")).then("SubjectErased", subject_id=stranger)


def test_other_people_are_not_erased_along() -> None:
    world = given(CREATED, happened("CompanyRegistered"), happened("TechnicianRegistered"))
    world.when(EraseSubject(TECHNICIAN, "left"))
    created, _, technician, _ = world.recorded()
    assert created["homeowner_name"] == "John Doe"
    assert technician["name"] == "(erased)"


def test_an_erased_technicians_company_goes_on() -> None:
    world = given(happened("CompanyRegistered"), happened("TechnicianRegistered"))
    world.when(EraseSubject(TECHNICIAN, "left"))
    world.when(RegisterTechnician(COMPANY, "Next", None, None, {})).then("TechnicianRegistered", name="Next")
    job = CreateServiceJob("s", "1", "c", "CA", "90210", "n", None, None, COMPANY, TECHNICIAN, [], {}, None)
    world.when(job).then("ServiceJobCreated", technician_id=TECHNICIAN)
