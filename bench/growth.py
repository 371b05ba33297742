"""How the cost of a rebuild grows with the log, drawn for docs/performance.md."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PICTURE = Path(__file__).parents[1] / "docs" / "performance-growth.png"


@dataclass(frozen=True, slots=True)
class Point:
    """What one rebuild took: seconds from the command's start to its end, and its peak memory in megabytes."""

    events: int
    seconds: float
    megabytes: float


def draw(points: Sequence[Point], picture: Path = PICTURE) -> None:
    """Time and memory over the length of the log."""
    import matplotlib as mpl  # a second to import, for one picture

    mpl.use("agg")
    from matplotlib import pyplot

    events = [point.events for point in points]
    figure, (time, memory) = pyplot.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    time.loglog(events, [point.seconds for point in points], marker="o")
    time.set(title="Time of a rebuild", xlabel="events in the log", ylabel="seconds")
    memory.semilogx(events, [point.megabytes for point in points], marker="o", label="peak")
    memory.axhline(400, linestyle="--", color="grey", label="limit")
    memory.set(title="Memory of a rebuild", xlabel="events in the log", ylabel="MB", ylim=(0, 450))
    memory.legend()
    for axes in (time, memory):
        axes.grid(alpha=0.3)
    figure.savefig(picture, dpi=110, metadata={"Software": None})
    pyplot.close(figure)
