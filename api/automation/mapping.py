"""Between the document's names and the core's."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from domain.errors import NotFound

Names = Mapping[str, str]


def changes(named: BaseModel, names: Names) -> dict[str, Any]:
    """What a request names of the fields in `names`, under the core's names."""
    return {names[field]: getattr(named, field) for field in named.model_fields_set if field in names}


def found(row: Any | None, what: str, number: int | None) -> Any:
    """The row. Raises `NotFound`, in the document's words."""
    if row is None:
        raise NotFound(what, str(number))
    return row
