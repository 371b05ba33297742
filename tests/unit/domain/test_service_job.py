from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from commands.dispatch import CompleteRouting, CreateServiceJob, MatchServiceJob
from domain.dispatch.matching import Candidate
from domain.dispatch.service_job import AlreadyMatched, ServiceJob
from domain.dispatch.skills import SkillLevel
from domain.dispatch.technician import UnrelatedTechnician
from domain.errors import NotFound
from tests.grammar import given, happened
from tests.samples import COMPANY, JOB, NOW, RECEIVER, ROUTING, TECHNICIAN, TENANT

STRANGER = UUID("0192f0c1-0000-7000-8000-00000000000b")
OTHER = UUID("0192f0c1-0000-7000-8000-0000000000c3")
PLUMBER = Candidate(RECEIVER, "mock", {"plumbing": SkillLevel.EXPERT}, frozenset(), frozenset({"CA"}), ())
APPRENTICE = replace(PLUMBER, company_id=OTHER, skills={"plumbing": SkillLevel.BASIC})
CREATE = CreateServiceJob(
    summary="Leak",
    street="1 Oak",
    city="Anytown",
    state="CA",
    zip_code="90210",
    homeowner_name="John Doe",
    homeowner_phone=None,
    homeowner_email=None,
    company_id=COMPANY,
    technician_id=TECHNICIAN,
    required_skills=["plumbing"],
    skill_levels={},
    category=None,
)
DIRECTORY = (happened("CompanyRegistered"), happened("TechnicianRegistered"))
UNMATCHED = happened("ServiceJobCreated", routings=0)


def test_a_job_and_its_routings_are_recorded_together_best_match_first() -> None:
    created = given(*DIRECTORY).among(APPRENTICE, PLUMBER).when(CREATE)
    world = created.then_each(
        ("ServiceJobCreated", {"routings": 2, "summary": "Leak"}),
        ("RoutingCreated", {"company_id": RECEIVER, "matched_skills": ["plumbing"], "algorithm": "skills-1"}),
        ("RoutingCreated", {"company_id": OTHER}),
    )
    assert [event.position for event in created.events] == [3, 4, 5]
    assert len({row["recorded_at"] for row in world.log.rows[2:]}) == 1
    assert [match.company_id for match in created.result.matches] == [RECEIVER, OTHER]


def test_a_score_is_recorded_with_what_it_is_made_of() -> None:
    job, routing = given(*DIRECTORY).among(PLUMBER).when(CREATE).events
    assert routing["job_id"] == job.stream_id
    assert routing["matching_score"] == pytest.approx(sum(routing["features"].values()), abs=0.01)
    assert set(routing["features"]) == {"skills", "levels", "category", "area"}


def test_a_job_that_suits_nobody_is_recorded_all_the_same() -> None:
    given(*DIRECTORY).when(CREATE).then("ServiceJobCreated", routings=0)


def test_the_asking_company_never_gets_its_own_job() -> None:
    own = replace(PLUMBER, company_id=COMPANY)
    given(*DIRECTORY).among(own).when(CREATE).then("ServiceJobCreated", routings=0)


@pytest.mark.parametrize("unknown", ["company_id", "technician_id"])
def test_company_and_technician_must_exist(unknown: str) -> None:
    wrong: dict[str, Any] = {unknown: STRANGER}
    given(*DIRECTORY).when(replace(CREATE, **wrong)).then_refused(NotFound)


def test_a_technician_of_another_company_is_refused() -> None:
    elsewhere = happened("TechnicianRegistered", company_id=RECEIVER)
    given(DIRECTORY[0], elsewhere).when(CREATE).then_refused(UnrelatedTechnician)


def test_a_company_cannot_be_given_where_a_technician_is_asked_for() -> None:
    given(*DIRECTORY).when(replace(CREATE, technician_id=COMPANY)).then_refused(NotFound)


def test_another_tenants_company_might_as_well_not_exist() -> None:
    given(*DIRECTORY).when(CREATE, tenant=STRANGER).then_refused(NotFound)


def test_a_job_without_companies_is_matched_later_once() -> None:
    world = given(UNMATCHED).among(PLUMBER)
    matched = world.when(MatchServiceJob(JOB))
    matched.then_each(("ServiceJobMatched", {"routings": 1}), ("RoutingCreated", {"job_id": JOB}))
    assert matched.result == 1
    world.when(MatchServiceJob(JOB)).then_nothing()


def test_matching_again_without_companies_changes_nothing() -> None:
    given(UNMATCHED).when(MatchServiceJob(JOB)).then_nothing()


def test_a_job_that_was_routed_at_once_is_not_matched_again() -> None:
    given(happened("ServiceJobCreated", routings=1)).among(PLUMBER).when(MatchServiceJob(JOB)).then_nothing()


def test_two_matchings_that_race_route_a_job_once() -> None:
    world = given(UNMATCHED)
    other = world.bus_of(world.other_process())
    world.through(other, MatchServiceJob(JOB)).then_nothing()  # it knows the job from now on, as unmatched
    world.among(PLUMBER).when(MatchServiceJob(JOB))
    world.through(other, MatchServiceJob(JOB)).then_nothing()
    assert [event.type for event in world.recorded()].count("RoutingCreated") == 1


def test_routings_that_are_made_later_belong_to_the_jobs_own_tenant() -> None:
    world = given(UNMATCHED).among(PLUMBER)
    # The agent that saw a company of another tenant join sends it on that tenant's behalf.
    matched, routing = world.when(MatchServiceJob(JOB), sender=STRANGER).events
    assert matched.owner == routing.owner == TENANT


def test_matched_is_decided_once() -> None:
    job = given(happened("ServiceJobCreated")).load(ServiceJob, JOB)
    with pytest.raises(AlreadyMatched):
        job.match(1, NOW)


SYNCED = (happened("ServiceJobCreated"), happened("RoutingCreated"), happened("RoutingClaimed"))
DONE = NOW + timedelta(hours=3)


def complete(revenue: Decimal | None = Decimal("450.00")) -> CompleteRouting:
    return CompleteRouting(ROUTING, "st-12345", revenue, DONE)


def test_completing_a_routing_completes_its_job_in_the_same_append() -> None:
    given(*SYNCED, happened("RoutingSynced")).when(complete()).then_each(
        ("RoutingCompleted", {"revenue": Decimal("450.00"), "completed_at": DONE}),
        ("ServiceJobCompleted", {"revenue": Decimal("450.00"), "completed_at": DONE, "routing_id": ROUTING}),
    )


def test_a_completion_reported_before_the_sync_was_recorded_records_that_too() -> None:
    completed = given(*SYNCED).when(complete(None))
    completed.then_each(
        ("RoutingSynced", {"external_id": "st-12345"}),
        ("RoutingCompleted", {"revenue": None}),
        ("ServiceJobCompleted", {"revenue": None}),
    )


def test_a_completion_reported_twice_changes_nothing() -> None:
    world = given(*SYNCED, happened("RoutingSynced"))
    world.when(complete())
    world.when(complete()).then_nothing()


def test_of_two_companies_that_complete_a_job_the_first_counts() -> None:
    second = UUID("0192f0c1-0000-7000-8000-0000000000a2")
    also = [happened(type, second) for type in ("RoutingCreated", "RoutingClaimed", "RoutingSynced")]
    world = given(*SYNCED, happened("RoutingSynced"), *also)
    world.when(complete())
    world.when(CompleteRouting(second, "st-9", Decimal("1.00"), DONE)).then("RoutingCompleted", revenue=Decimal("1.00"))
