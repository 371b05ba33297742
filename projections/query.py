"""A query of a read model: written with SQLAlchemy, compiled once, run by asyncpg.

Through SQLAlchemy's engine the same query costs 1.5 to 2 times the processor time (see bench/projection.py).
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import orjson
from sqlalchemy import Select
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.visitors import iterate
from sqlalchemy.types import JSON

from projections.columns import DIALECT
from projections.read_model import ReadModel


class UnfitQuery(Exception):
    """A query that cannot be compiled ahead; the message says why."""


class Runs(Protocol):
    """An asyncpg pool or connection."""

    async def fetch(self, query: str, *args: Any) -> list[Any]: ...


class Query:
    """A select over one read model's tables, with named parameters (`bindparam`).

    For a list of values use `column == any_(bindparam("ids", type_=ARRAY(Uuid)))`: an `in_` has as many SQL parameters
    as values. JSON columns come decoded. Raises `UnfitQuery`.
    """

    def __init__(self, statement: Select[Any], model: ReadModel) -> None:
        _check(statement, model)
        compiled = statement.compile(
            dialect=DIALECT, schema_translate_map={None: model.schema}, render_schema_translate=True
        )
        assert isinstance(compiled, SQLCompiler)
        if compiled.post_compile_params:
            raise UnfitQuery(f"{model.schema}: an in_() has no fixed text; compare with any_() of an array")
        self.text = compiled.string
        self.names: Sequence[str] = compiled.positiontup or []
        self._fixed = {name: value for name, value in compiled.params.items() if value is not None}
        self._encode = {name: encode for name in self.names if (encode := _encoder(compiled, name)) is not None}
        self._json = [column.name for column in statement.selected_columns if isinstance(column.type, JSON)]

    async def all(self, runs: Runs, **values: Any) -> list[Any]:
        """The rows, each read as `row["column"]`. Raises `KeyError` for a parameter without a value, or unknown."""
        rows = await runs.fetch(self.text, *self._arguments(values))
        return [self._decoded(row) for row in rows] if self._json else rows

    async def first(self, runs: Runs, **values: Any) -> Any | None:
        """The first row, or None."""
        rows = await self.all(runs, **values)
        return rows[0] if rows else None

    def _arguments(self, values: dict[str, Any]) -> list[Any]:
        for name in values:
            if name not in self.names:
                raise KeyError(name)
        given = {**self._fixed, **values}
        return [self._argument(name, given[name]) for name in self.names]

    def _argument(self, name: str, value: Any) -> Any:
        encode = self._encode.get(name)
        return value if encode is None or value is None else encode(value)

    def _decoded(self, row: Any) -> dict[str, Any]:
        found = dict(row)
        for name in self._json:
            if found[name] is not None:
                found[name] = orjson.loads(found[name])
        return found


def _encoder(compiled: SQLCompiler, name: str) -> Callable[[Any], Any] | None:
    return compiled.binds[name].type.dialect_impl(DIALECT).bind_processor(DIALECT)


def _check(statement: Select[Any], model: ReadModel) -> None:
    for element in iterate(statement):
        if element.__visit_name__ == "table" and element not in model.tables:
            raise UnfitQuery(f"{element} is not a table of {model.schema}")
