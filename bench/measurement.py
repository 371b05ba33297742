"""What a measurement found, and how it is told."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the table. With `at_most` the target is an upper limit of `value`, else a lower one; None: no target.

    `value` is what the target is about: the ratio of ours to theirs, or ours itself where there is nothing to compare.
    """

    name: str
    ours: float
    target: float | None
    unit: str
    theirs: float | None = None
    ratio: float | None = None
    at_most: bool = False
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def value(self) -> float:
        return self.ours if self.ratio is None else self.ratio

    @property
    def met(self) -> bool | None:
        if self.target is None:
            return None
        return self.value <= self.target if self.at_most else self.value >= self.target

    def row(self) -> tuple[str, ...]:
        theirs = "" if self.theirs is None else _figure(self.theirs)
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        limit = "" if self.target is None else f"{'≤' if self.at_most else '≥'} {self.target:g}"
        met = {None: "", True: "yes", False: "NO"}[self.met]
        return (self.name, f"{_figure(self.ours)} {self.unit}", theirs, ratio, limit, met)


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


HEAD = ("measurement", "ours", "theirs", "ratio", "target", "met")


def table(results: Sequence[Result]) -> str:
    rows = [HEAD, *(result.row() for result in results)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "-" * sum(widths, 2 * len(widths) - 2), *lines[1:]])
