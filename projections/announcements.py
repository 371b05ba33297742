"""What projectors tell about their read models: to this process at once, to others by NOTIFY."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class News(StrEnum):
    """What has become of a read model. The value is its flag in a notification's payload."""

    PASSED = "0"  # the position moved, no row changed
    CHANGED = "1"
    REPLACED = "replaced"  # by another generation: any row may have changed, whatever the position
    STOPPED = "stopped"  # it goes no further until somebody mends it


@dataclass(frozen=True, slots=True)
class Announcement:
    """A read model (the name of its schema), the position it stands at, and what is new."""

    model: str
    position: int
    news: News

    def __str__(self) -> str:
        return f"{self.model}:{self.position}:{self.news}"


def join(announcements: Iterable[Announcement]) -> str:
    """The payload of one notification."""
    return " ".join(map(str, announcements))


def parse(payload: str) -> list[Announcement]:
    """The announcements of one notification. Raises `ValueError` for what `join` did not make."""
    return [_one(part) for part in payload.split(" ")]


def _one(part: str) -> Announcement:
    model, position, news = part.split(":")
    return Announcement(model, int(position), News(news))
