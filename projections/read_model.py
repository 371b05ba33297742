"""A read model: tables, and how each event changes them."""

import hashlib
import inspect
from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy import Table

from projections.columns import UnfitTable, layout
from projections.rows import Rows
from schemas.recorded import Recorded

Fold = Callable[[Rows, Recorded], None]


class ReadModel:
    """Named tables filled by folds.

    `version` is raised whenever the tables or the folds change what they hold: the new version fills its own schema
    beside the old one. `by_stream` is for a read model in which each row comes from one stream's events alone, but for
    what an erasure blanks: the column of every table's key that has the stream's id. Such rows can be made again one
    stream at a time. Raises `UnfitTable` for a table that batches cannot write, or that has no such column in its key.
    """

    def __init__(self, name: str, version: int, tables: Sequence[Table], *, by_stream: str | None = None) -> None:
        self.name = name
        self.version = version
        self.tables = tuple(tables)
        self.by_stream = by_stream
        self._folds: dict[str, Fold] = {}
        for table in self.tables:
            if by_stream not in (None, *layout(table).key):
                raise UnfitTable(f"{table.name}.{by_stream} is no part of the key: it cannot say whose row it is")

    def __repr__(self) -> str:
        return f"ReadModel({self.schema})"

    @property
    def schema(self) -> str:
        """The PostgreSQL schema of this version, and the name by which its position is published."""
        return f"{self.name}_v{self.version}"

    @property
    def types(self) -> frozenset[str]:
        """The event types that it folds."""
        return frozenset(self._folds)

    @property
    def folded_by(self) -> str:
        """Stands for the text of the modules that the folds are in: another one, and rows may be folded otherwise."""
        modules = {inspect.getfile(fold) for fold in self._folds.values()}
        return hashlib.blake2b(
            b"".join(Path(name).read_bytes() for name in sorted(modules)), digest_size=16
        ).hexdigest()

    def on(self, *types: str) -> Callable[[Fold], Fold]:
        """Registers `fold(rows, event)` for these event types; one fold a type."""

        def register(fold: Fold) -> Fold:
            for one in types:
                if one in self._folds:
                    raise ValueError(f"{self.schema} has a fold for {one} already")
                self._folds[one] = fold
            return fold

        return register

    def fold(self, rows: Rows, event: Recorded) -> None:
        """Adds what `event` changes to `rows`; an event of a type without a fold changes nothing."""
        fold = self._folds.get(event.type)
        if fold is not None:
            fold(rows, event)
