"""Commands of the notifications context."""

from dataclasses import dataclass

from commands.bus import Work, handles
from domain.notifications.announcement import Announcement
from domain.notifications.channels import Channel, Severity


@dataclass(frozen=True, slots=True)
class Announce:
    """Tell everybody who is connected and listens to the channel."""

    message: str
    channel: Channel
    severity: Severity


@handles(Announce)
async def announce(command: Announce, work: Work) -> None:
    work.add(
        Announcement(
            id=work.new_id(),
            message=command.message,
            channel=command.channel.value,
            severity=command.severity.value,
            timestamp=work.now,
        )
    )
