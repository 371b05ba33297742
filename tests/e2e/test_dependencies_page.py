"""docs/dependencies.md names every dependency of pyproject.toml, and nothing else."""

import re
import tomllib

import pytest

from tests.e2e.following import ROOT

PAGE = (ROOT / "docs" / "dependencies.md").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def listed(section: str) -> set[str]:
    rows = re.findall(r"^\| ([a-z][^|]+) \|", PAGE.split(f"## {section}\n")[1].split("\n## ")[0], re.MULTILINE)
    return {name for row in rows for name in row.split(", ")}


@pytest.mark.parametrize(
    ("section", "declared"),
    [
        ("To run", PROJECT["project"]["dependencies"]),
        ("To develop", PROJECT["dependency-groups"]["dev"]),
    ],
)
def test_every_dependency_has_its_reason(section: str, declared: list[str]) -> None:
    assert listed(section) == {re.split(r"[\[=<>;]", line)[0] for line in declared}
