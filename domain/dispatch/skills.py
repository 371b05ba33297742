"""Skill levels and how one is measured against another."""

from collections.abc import Mapping
from enum import StrEnum


class SkillLevel(StrEnum):
    BASIC = "basic"
    INTERMEDIATE = "intermediate"
    EXPERT = "expert"

    @property
    def rank(self) -> int:
        """1 for basic to 3 for expert."""
        return _RANKS[self]


_RANKS = {level: rank for rank, level in enumerate(SkillLevel, start=1)}


def skill_name(name: str) -> str:
    """The form under which skills and categories are compared: "HVAC " and "hvac" are one skill."""
    return " ".join(name.split()).casefold()


def normalized(skills: Mapping[str, str]) -> dict[str, SkillLevel]:
    """Skills by comparable name; of two spellings of one skill the higher level counts."""
    result: dict[str, SkillLevel] = {}
    for name, value in skills.items():
        level, key = SkillLevel(value), skill_name(name)
        if key not in result or result[key].rank < level.rank:
            result[key] = level
    return result
