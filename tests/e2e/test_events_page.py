"""docs/events.md is what the schemas say."""

import runpy
from typing import Any

import pytest
from fastavro import parse_schema
from fastavro.validation import validate

from schemas.registry import Registry
from tests.e2e.following import ROOT

SCRIPT: dict[str, Any] = runpy.run_path(str(ROOT / "docs" / "generate_events.py"))
REGISTRY = Registry()


def test_the_page_is_up_to_date() -> None:
    assert (ROOT / "docs" / "events.md").read_text() == SCRIPT["page"](), "run: python docs/generate_events.py"


@pytest.mark.parametrize("type_", REGISTRY.types)
def test_every_example_fits_its_schema(type_: str) -> None:
    schema = REGISTRY.latest(type_)
    assert validate(SCRIPT["example"](schema), parse_schema(dict(schema.declaration)))
