from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.dispatch.matching import ALGORITHM, WEIGHTS, Candidate, Requirement, assess, find_matches
from domain.dispatch.skills import SkillLevel, normalized, skill_name

names = st.sampled_from(["plumbing", "HVAC", "electrical", " Roofing ", "hvac", "tiling"])
skills = st.dictionaries(names, st.sampled_from([level.value for level in SkillLevel]), max_size=4)
states = st.sampled_from(["CA", "OH", "KY"])
zips = st.text("0129", min_size=5, max_size=5)
categories = st.none() | names
ids = st.integers(1, 6).map(lambda number: UUID(int=number))

requirements = st.builds(Requirement.of, ids, st.lists(names, max_size=4), skills, categories, states, zips)
candidates = st.builds(
    Candidate,
    ids,
    st.just("mock"),
    skills.map(normalized),
    st.frozensets(names.map(skill_name), max_size=3),
    st.frozensets(states, max_size=2),
    st.lists(st.text("0129", min_size=1, max_size=3), max_size=2).map(tuple),
)
directories = st.lists(candidates, max_size=6, unique_by=lambda candidate: candidate.company_id)


@given(requirements, directories)
def test_every_score_is_explained_by_its_features(asked: Requirement, directory: list[Candidate]) -> None:
    for match in find_matches(asked, directory):
        assert 0 < match.score <= 5
        assert match.score == pytest.approx(sum(match.features.values()), abs=0.005)
        assert match.features.keys() == WEIGHTS.keys()
        assert all(0 <= points <= WEIGHTS[name] for name, points in match.features.items())
        assert match.algorithm == ALGORITHM


@given(requirements, directories, st.randoms(use_true_random=False))
def test_the_order_does_not_depend_on_the_directorys(asked: Requirement, directory: list[Candidate], chance) -> None:  # type: ignore[no-untyped-def]
    shuffled = directory[:]
    chance.shuffle(shuffled)
    found = find_matches(asked, directory)
    assert find_matches(asked, shuffled) == found
    assert found == sorted(found, key=lambda match: (-match.score, match.company_id))


@given(requirements, directories)
def test_nobody_is_found_who_lacks_what_is_asked(asked: Requirement, directory: list[Candidate]) -> None:
    known = {candidate.company_id: candidate for candidate in directory}
    for match in find_matches(asked, directory):
        company = known[match.company_id]
        assert match.company_id != asked.company_id
        assert bool(match.matched_skills) == bool(asked.skills)
        assert all(company.skills[name].rank >= asked.skills[name].rank for name in match.matched_skills)
        assert not (asked.category and company.categories) or asked.category in company.categories


@given(requirements, candidates, names)
def test_a_further_skill_never_makes_a_company_match_fewer(asked: Requirement, company: Candidate, name: str) -> None:
    more = {**company.skills, skill_name(name): SkillLevel.EXPERT}
    better = Candidate(company.company_id, "mock", more, company.categories, company.states, company.zip_prefixes)
    before, after = assess(asked, company), assess(asked, better)
    if before is not None:
        assert after is not None
        assert set(after.matched_skills) >= set(before.matched_skills)
        assert after.features["skills"] >= before.features["skills"]
