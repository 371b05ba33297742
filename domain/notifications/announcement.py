"""What an operator has to say to everybody."""

from datetime import datetime
from uuid import UUID

from eventsourcing.domain import event

from domain.aggregate import Aggregate


class Announcement(Aggregate):
    """A message to all who are connected and listen to its channel; whoever comes back later gets it then."""

    TOPIC = "notifications.Announcement"

    @event("Announced", topic="notifications.Announced")
    def __init__(self, id: UUID, message: str, channel: str, severity: str, timestamp: datetime) -> None:
        self.channel = channel
