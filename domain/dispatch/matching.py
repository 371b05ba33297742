"""Which companies suit a service job, how well, and why."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.dispatch.skills import SkillLevel, normalized, skill_name

ALGORITHM = "skills-1"

# Points of the score of 0 to 5 that each feature can give.
WEIGHTS: Mapping[str, float] = {"skills": 3.0, "levels": 1.0, "category": 0.5, "area": 0.5}

# How closely a service area names the address.
ZIP_FIT, STATE_FIT, EVERYWHERE_FIT = 1.0, 0.8, 0.5


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a job asks: comparable skill names with the least level, a category, and where."""

    company_id: UUID
    skills: Mapping[str, SkillLevel]
    category: str | None
    state: str
    zip_code: str

    @classmethod
    def of(
        cls,
        company_id: UUID,
        required: Sequence[str],
        levels: Mapping[str, str],
        category: str | None,
        state: str,
        zip_code: str,
    ) -> "Requirement":
        """A level without its skill in `required` asks for that skill too; a skill without a level asks for basic."""
        skills = normalized(dict.fromkeys(required, SkillLevel.BASIC) | dict(levels))
        return cls(company_id, skills, skill_name(category) if category else None, state, zip_code)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A company as matching sees it. Names are comparable ones; no category and no area mean any."""

    company_id: UUID
    provider_type: str
    skills: Mapping[str, SkillLevel]
    categories: frozenset[str]
    states: frozenset[str]
    zip_prefixes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """A suitable company: its score of 0 to 5 is the sum of `features`, rounded to two places."""

    company_id: UUID
    provider_type: str
    score: float
    matched_skills: tuple[str, ...]
    features: Mapping[str, float]
    algorithm: str = ALGORITHM


def find_matches(requirement: Requirement, candidates: Iterable[Candidate]) -> list[Match]:
    """Every suitable company, best first; equal scores in the order of the companies' ids. Never the asking one."""
    matches = [
        match
        for candidate in candidates
        if candidate.company_id != requirement.company_id
        if (match := assess(requirement, candidate)) is not None
    ]
    return sorted(matches, key=lambda match: (-match.score, match.company_id))


def assess(requirement: Requirement, candidate: Candidate) -> Match | None:
    """How well one company suits, or None: wrong category, outside its area, or no asked skill at the asked level."""
    area = _area_fit(requirement, candidate)
    category = _category_fit(requirement, candidate)
    matched = _matched(requirement, candidate)
    if area is None or category is None or (requirement.skills and not matched):
        return None
    coverage = len(matched) / len(requirement.skills) if requirement.skills else 1.0
    fits = {"skills": coverage, "levels": _level_fit(matched, candidate), "category": category, "area": area}
    features = {name: round(WEIGHTS[name] * fit, 4) for name, fit in fits.items()}
    return Match(candidate.company_id, candidate.provider_type, round(sum(features.values()), 2), matched, features)


def _matched(requirement: Requirement, candidate: Candidate) -> tuple[str, ...]:
    has = candidate.skills
    return tuple(name for name, level in requirement.skills.items() if name in has and has[name].rank >= level.rank)


def _level_fit(matched: tuple[str, ...], candidate: Candidate) -> float:
    """The matched skills' mean level, expert being 1. With no skill asked for there is no level to prefer."""
    if not matched:
        return 1.0
    return sum(candidate.skills[name].rank for name in matched) / (len(matched) * SkillLevel.EXPERT.rank)


def _category_fit(requirement: Requirement, candidate: Candidate) -> float | None:
    if requirement.category is None or requirement.category in candidate.categories:
        return 1.0
    return None if candidate.categories else 0.5


def _area_fit(requirement: Requirement, candidate: Candidate) -> float | None:
    if any(requirement.zip_code.startswith(prefix) for prefix in candidate.zip_prefixes):
        return ZIP_FIT
    if requirement.state in candidate.states:
        return STATE_FIT
    return None if candidate.states or candidate.zip_prefixes else EVERYWHERE_FIT
