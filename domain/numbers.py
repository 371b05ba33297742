"""Integer ids: what people and products call a thing, allocated once and recorded in its first event.

A stream's id follows from its number, so that nothing has to be looked up, and nothing lags, between the two.
"""

from collections.abc import Mapping
from enum import StrEnum
from uuid import UUID, uuid5


class Kind(StrEnum):
    """What is numbered. An application has its job's number."""

    JOB = "job"
    APPLICATION = "application"
    INTERVIEW = "interview"
    OFFER = "offer"
    NOTE = "note"
    FOLLOW_UP = "follow_up"


_ROOT = UUID("3d0f7a52-9c1b-4f0e-8a55-6f1e0c2b7d10")
_NAMESPACES: Mapping[Kind, UUID] = {kind: uuid5(_ROOT, kind) for kind in Kind}


def stream_id(kind: Kind, number: int) -> UUID:
    """The stream of the thing with this number."""
    return uuid5(_NAMESPACES[kind], str(number))
