"""What two generations of a read model differ in, as an operator sees it: personal values never in clear."""

from collections.abc import Iterator
from typing import Any

from infra.counted import counted
from infra.masking import MASK, masked
from projections.difference import Difference, Example, TableDifference

_TEXT = 60
_KINDS = {"only_left": "only live", "only_right": "not live", "changed": "changed"}


def lines(difference: Difference) -> Iterator[str]:
    """For a person to read."""
    if not difference.rows:
        yield f"{difference.model}: no difference"
        return
    yield f"{difference.model}: {rows_differ(difference.rows)}"
    for table in difference.tables:
        if table.rows:
            yield from _table(table)


def rows_differ(count: int) -> str:
    return counted(count, "row differs", "rows differ")


def as_json(difference: Difference) -> dict[str, Any]:
    """For a script to read."""
    tables = {table.table: _table_as_json(table) for table in difference.tables}
    return {"read_model": difference.model, "rows": difference.rows, "tables": tables}


def _table(table: TableDifference) -> Iterator[str]:
    counts = ", ".join(f"{getattr(table, kind):,} {name}" for kind, name in _KINDS.items())
    columns = ", ".join(f"{name} in {count:,}" for name, count in table.columns.items())
    yield f"  {table.table}: {counts}{f' ({columns})' if columns else ''}"
    for kind, examples in table.examples.items():
        for example in examples:
            yield f"    {_KINDS[kind]}: {_one_line(table, example)}"


def _one_line(table: TableDifference, example: Example) -> str:
    key = ", ".join(f"{name} {_shown(table, name, value)}" for name, value in example.key.items())
    values = [
        f"{name} {_short(_shown(table, name, left))} → {_short(_shown(table, name, right))}"
        for name, (left, right) in example.values.items()
    ]
    return "; ".join([key, *values])


def _table_as_json(table: TableDifference) -> dict[str, Any]:
    counts = {name.replace(" ", "_"): getattr(table, kind) for kind, name in _KINDS.items()}
    examples = {
        _KINDS[kind].replace(" ", "_"): [_example_as_json(table, example) for example in found]
        for kind, found in table.examples.items()
    }
    return counts | {"columns": dict(table.columns), "examples": examples}


def _example_as_json(table: TableDifference, example: Example) -> dict[str, Any]:
    key = {name: _shown(table, name, value) for name, value in example.key.items()}
    values = {
        name: {"live": _shown(table, name, left), "other": _shown(table, name, right)}
        for name, (left, right) in example.values.items()
    }
    return {"key": key, "values": values}


def _shown(table: TableDifference, name: str, value: Any) -> Any:
    if value is None:
        return None
    return MASK if name in table.personal else masked(value)


def _short(value: Any) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= _TEXT else f"{text[:_TEXT]}…"
