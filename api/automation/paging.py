"""Pages: every list takes `skip` and `limit`, and answers in its own documented form or in the generic one."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel

Skip = Annotated[int, Query(ge=0, le=1_000_000_000, description="Offset for pagination")]
Limit = Annotated[int, Query(ge=1, le=1000, description="Max results to return")]


class Form(StrEnum):
    DOCUMENTED = "documented"
    GENERIC = "generic"


PageForm = Annotated[Form, Query(description="documented: the list's own form; generic: {total, items, …, has_more}")]


class Page(BaseModel):
    """The document's generic page."""

    total: int
    items: list[Any]
    skip: int
    limit: int
    has_more: bool


def page(items: Sequence[Any], total: int, skip: int, limit: int) -> dict[str, Any]:
    return {
        "total": total,
        "items": items,
        "skip": skip,
        "limit": limit,
        "has_more": skip + len(items) < total,
    }


def cut(items: Sequence[Any], form: Form, skip: int, limit: int) -> Sequence[Any] | dict[str, Any]:
    """A page of a list that is short enough to be had whole: a bare array, or the generic page."""
    shown = items[skip : skip + limit]
    return shown if form is Form.DOCUMENTED else page(shown, len(items), skip, limit)
