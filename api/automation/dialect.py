"""What the document calls the channels and the events of its web socket."""

from collections.abc import Mapping
from typing import Any

from api.live.envelope import Dialect
from domain.notifications.channels import Channel
from projections.live_updates.queries import LiveUpdate

CHANNELS: Mapping[str, Channel] = {
    "jobs": Channel.JOBS,
    "applications": Channel.APPLICATIONS,
    "recommendations": Channel.RECOMMENDATIONS,
    "skills": Channel.SKILLS,
    "followups": Channel.FOLLOW_UPS,
    "interviews": Channel.INTERVIEWS,
    "system": Channel.SYSTEM,
}
NAMES: Mapping[str, str] = {channel.value: name for name, channel in CHANNELS.items()}


def _spoken(update: LiveUpdate) -> tuple[str, Mapping[str, Any]] | None:
    match update.kind:
        case "announced":
            return "system.broadcast", {**update.data, "channel": NAMES.get(update.channel, update.channel)}
    return None


DIALECT = Dialect(CHANNELS, _spoken)
