"""What a row says about a posting, whatever its columns are called."""

import re
from collections.abc import Mapping
from functools import lru_cache
from math import isfinite
from typing import Any

from pydantic import ValidationError

from api.automation.models.jobs import NewJob
from api.validation import field_problems, sentence

# The first of these names that a row has a value for is taken.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "company": ("company", "company_name", "employer", "organization", "organisation", "hiring_organization"),
    "job_title": ("job_title", "title", "position", "role", "job_name"),
    "job_description": ("job_description", "description", "summary", "details"),
    "job_url": ("job_url", "url", "link", "apply_url", "application_url", "job_link", "absolute_url", "hosted_url"),
    "location": ("location", "locations", "job_location", "city", "place"),
    "salary_min": ("salary_min", "min_salary", "salary_from", "minimum_salary"),
    "salary_max": ("salary_max", "max_salary", "salary_to", "maximum_salary"),
    "source": ("source", "site", "board", "job_board", "platform"),
}
_NAMED = ("name", "display_name", "title", "text")
_SALARY = re.compile(r"[^\d.,k]*(\d{1,3}(?:[,.]\d{3})+|\d+)(?:[.,](\d{1,2}))?\s*(k?)\D*", re.IGNORECASE)


class BadPosting(Exception):
    """The row is no posting that could be taken; the message says why."""


def posting(row: Any, source: str) -> NewJob:
    """The posting of a row, from `source` unless the row names its own. Raises `BadPosting`."""
    if not isinstance(row, dict):
        raise BadPosting("is not an object with named fields")
    named = {_name(key): value for key, value in row.items() if isinstance(key, str)}
    found: dict[str, Any] = {"source": source}
    for field, names in COLUMNS.items():
        if (value := _first(named, names)) is not None:
            found[field] = _salary(field, value) if field.startswith("salary") else value
            if isinstance(value, str) and "\x00" in value:
                raise BadPosting(f"{field}: must not contain NUL characters")
    try:
        return NewJob.model_validate(found)
    except ValidationError as error:
        raise BadPosting(_words(error)) from None


@lru_cache(maxsize=1024)
def _name(key: str) -> str:
    """A column's name in lower case with underscores: `Job Title`, `jobTitle` and `job-title` are one."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key.strip())
    return re.sub(r"[^a-z0-9]+", "_", parted.lower()).strip("_")


def _first(row: dict[str, Any], names: tuple[str, ...]) -> Any:
    for name in names:
        if (value := _plain(row.get(name))) is not None:
            return value
    return None


def _plain(value: Any) -> Any:
    """A text or number out of what job boards nest: `{"name": …}` and lists of either. Nothing is None."""
    match value:
        case str():
            return value.strip() or None
        case dict():
            return next((found for name in _NAMED if (found := _plain(value.get(name))) is not None), None)
        case list():
            parts = [str(found) for item in value if (found := _plain(item)) is not None]
            return "; ".join(dict.fromkeys(parts)) or None
        case _:
            return value


def _salary(field: str, value: Any) -> Any:
    """Whole units of money, as people write them: 150000, "$150,000.00", "150k"."""
    if isinstance(value, float) and isfinite(value):
        return round(value)
    if not isinstance(value, str):
        return value
    matched = _SALARY.fullmatch(value)
    if matched is None:
        raise BadPosting(f"{field} is not an amount of money")
    amount = float(re.sub(r"[.,]", "", matched[1]) + "." + (matched[2] or "0"))
    return round(amount * 1000 if matched[3] else amount)


def _words(error: ValidationError) -> str:
    problems = [{**problem, "loc": ("row", *problem["loc"])} for problem in error.errors()]
    return sentence(field_problems(problems)).removeprefix("Invalid input: ").removeprefix("row: ").rstrip(".")
