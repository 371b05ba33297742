"""After an erasure the read model holds nothing personal, whichever came first: the erasure or the fold."""

from typing import Any
from uuid import UUID

import pytest

from domain.numbers import Kind, stream_id
from projections.applications.fold import applications
from tests.grammar import World, happened
from tests.samples import TENANT
from tests.samples_of_applications import INTERVIEW, PAYLOADS

INTERVIEWER = stream_id(Kind.INTERVIEW, INTERVIEW)
STORY = [happened(type) for type in PAYLOADS if type not in ("JobRemoved", "ApplicationClosed")]


def shown(world: World) -> dict[str, Any]:
    return {table.name: world.rows(table) for table in applications.tables}


@pytest.mark.parametrize("subject", [TENANT, INTERVIEWER], ids=["the person", "an interviewer"])
def test_folding_before_and_after_the_erasure_gives_equal_rows(subject: UUID) -> None:
    world = World().record(*STORY, happened("SubjectErased", subject_id=subject))
    folded_before = shown(world)
    world.log.keys[subject] = None
    world.codec.forget([subject])
    assert shown(world) == folded_before


def test_a_person_s_texts_are_gone_and_the_interviewer_s_name_stays() -> None:
    left = str(shown(World().record(*STORY, happened("SubjectErased", subject_id=TENANT))))
    for text in ("Really excited", "Verbal offer", "190k", "185k", "design questions", "Thank you for", "LinkedIn"):
        assert text not in left
    assert "Jane Smith" in left


def test_an_interviewer_is_gone_and_the_person_s_texts_stay() -> None:
    left = str(shown(World().record(*STORY, happened("SubjectErased", subject_id=INTERVIEWER))))
    assert "Jane Smith" not in left
    assert "jane@google.com" not in left
    assert "design questions" in left
