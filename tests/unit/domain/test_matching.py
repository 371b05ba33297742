from typing import Any
from uuid import UUID

import pytest

from domain.dispatch.matching import Candidate, Match, Requirement, assess, find_matches
from domain.dispatch.skills import normalized, skill_name
from tests.samples import COMPANY, RECEIVER

EXPERT = {"plumbing": "expert"}


def requirement(
    required: tuple[str, ...] = ("plumbing",), levels: dict[str, str] | None = None, category: str | None = None
) -> Requirement:
    return Requirement.of(COMPANY, required, levels or {}, category, "CA", "90210")


def candidate(
    skills: dict[str, str] = EXPERT,
    categories: tuple[str, ...] = (),
    states: tuple[str, ...] = ("CA",),
    zip_prefixes: tuple[str, ...] = (),
    id: UUID = RECEIVER,
) -> Candidate:
    known = frozenset(map(skill_name, categories))
    return Candidate(id, "mock", normalized(skills), known, frozenset(states), zip_prefixes)


def match(asked: Requirement, **company: Any) -> Match:
    found = assess(asked, candidate(**company))
    assert found is not None
    return found


def test_a_perfect_match_scores_five() -> None:
    asked = requirement(levels={"plumbing": "expert"}, category="plumbing")
    found = match(asked, categories=("plumbing",), zip_prefixes=("902",))
    assert found.score == 5.0
    assert found.features == {"skills": 3.0, "levels": 1.0, "category": 0.5, "area": 0.5}
    assert found.algorithm == "skills-1"


def test_part_of_the_skills_gives_part_of_the_points() -> None:
    found = match(requirement(("plumbing", "electrical", "hvac")))
    assert found.matched_skills == ("plumbing",)
    assert found.features["skills"] == 1.0


@pytest.mark.parametrize(
    ("asked", "has", "fits"),
    [
        ("basic", "basic", True),
        ("basic", "expert", True),
        ("intermediate", "basic", False),
        ("intermediate", "intermediate", True),
        ("expert", "intermediate", False),
        ("expert", "expert", True),
    ],
)
def test_a_skill_counts_from_the_asked_level_on(asked: str, has: str, fits: bool) -> None:
    found = assess(requirement(levels={"plumbing": asked}), candidate({"plumbing": has}))
    assert (found is not None) == fits


@pytest.mark.parametrize(("has", "points"), [("basic", 0.3333), ("intermediate", 0.6667), ("expert", 1.0)])
def test_a_higher_level_is_preferred(has: str, points: float) -> None:
    assert match(requirement(), skills={"plumbing": has}).features["levels"] == points


def test_a_level_without_its_skill_asks_for_that_skill_too() -> None:
    assert requirement((), {"roofing": "basic"}).skills.keys() == {"roofing"}


def test_names_are_compared_without_case_and_extra_spaces() -> None:
    asked = requirement(("  HVAC  repair",), {"hvac Repair": "expert"}, "Plumbing")
    assert match(asked, skills={"Hvac repair ": "expert"}, categories=("PLUMBING",)).score == 4.9


def test_of_two_spellings_the_higher_level_counts() -> None:
    assert normalized({"HVAC": "basic", "hvac": "expert"}) == normalized({"hvac": "expert", "HVAC": "basic"})


def test_no_asked_skill_at_the_asked_level_is_no_match() -> None:
    assert assess(requirement(("roofing",)), candidate()) is None


def test_a_job_that_asks_for_no_skill_suits_everybody_in_the_area() -> None:
    assert match(requirement(()), skills={}).features["skills"] == 3.0


@pytest.mark.parametrize(
    ("asked", "takes", "points"),
    [
        ("plumbing", ("plumbing", "hvac"), 0.5),
        ("plumbing", (), 0.25),
        ("plumbing", ("hvac",), None),
        (None, ("hvac",), 0.5),
        (None, (), 0.5),
    ],
)
def test_a_company_that_takes_other_categories_only_is_no_match(
    asked: str | None, takes: tuple[str, ...], points: float | None
) -> None:
    found = assess(requirement(category=asked), candidate(categories=takes))
    assert (found and found.features["category"]) == points


@pytest.mark.parametrize(
    ("states", "prefixes", "points"),
    [
        ((), ("902",), 0.5),
        (("CA",), ("902",), 0.5),
        (("OH",), ("9",), 0.5),
        (("CA",), ("100",), 0.4),
        (("CA",), (), 0.4),
        ((), (), 0.25),
        (("OH",), (), None),
        ((), ("100",), None),
        (("OH",), ("100", "0210"), None),
    ],
)
def test_a_zip_code_is_nearer_than_a_state_and_a_state_than_everywhere(
    states: tuple[str, ...], prefixes: tuple[str, ...], points: float | None
) -> None:
    found = assess(requirement(), candidate(states=states, zip_prefixes=prefixes))
    assert (found and found.features["area"]) == points


def test_the_asking_company_is_never_found() -> None:
    assert find_matches(requirement(), [candidate(id=COMPANY)]) == []


def test_the_best_comes_first_and_equals_in_the_order_of_their_ids() -> None:
    best = candidate(zip_prefixes=("902",), id=UUID(int=9))
    equals = [candidate(id=UUID(int=number)) for number in (3, 1, 2)]
    found = find_matches(requirement(), [*equals, best])
    assert [one.company_id.int for one in found] == [9, 1, 2, 3]
