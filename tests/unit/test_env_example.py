"""`.env.example` names every setting, and nothing else."""

import re
from pathlib import Path

from infra.settings import Settings, load

EXAMPLE = Path(__file__).parents[2] / ".env.example"
ENTRY = re.compile(r"^#?\s?([A-Z][A-Z_]+)=(.*)$", re.MULTILINE)


def test_env_example_names_every_setting_and_nothing_else() -> None:
    named = [name for name, _ in ENTRY.findall(EXAMPLE.read_text())]
    assert sorted(named) == sorted(name.upper() for name in Settings.model_fields)


def test_env_example_shows_values_that_are_accepted() -> None:
    values = {name: value for name, value in ENTRY.findall(EXAMPLE.read_text()) if value}
    settings = load(values)
    for name, value in values.items():
        assert str(getattr(settings, name.lower())).removesuffix(".0") == value, name
