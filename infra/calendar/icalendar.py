"""Events as an iCalendar object (RFC 5545): the same bytes as long as nothing changes."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from icalendar import Alarm, Calendar, Event

from infra.calendar.provider import Entry

# How often a calendar program is to look again (RFC 7986, 5.7).
REFRESH = timedelta(minutes=15)
# Controls other than tab and line feed have no place in a text (RFC 5545, 3.1).
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Shown:
    """An event as a calendar program is to show it, or, removed, to take it away."""

    entry: Entry
    kind: str
    removed: bool
    created_at: datetime
    updated_at: datetime


def written(events: Iterable[Shown], name: str) -> bytes:
    """A calendar of this name with these events."""
    calendar = Calendar()
    calendar.add("prodid", "-//jobstream//calendar//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", REFRESH, parameters={"value": "DURATION"})
    calendar.add("x-published-ttl", "PT15M")
    for event in events:
        calendar.add_component(_event(event))
    return bytes(calendar.to_ical())


def _event(shown: Shown) -> Event:
    entry, event = shown.entry, Event()
    event.add("uid", f"{entry.id}@jobstream")
    event.add("sequence", entry.revision - 1)
    event.add("dtstamp", shown.updated_at.astimezone(UTC))
    event.add("created", shown.created_at.astimezone(UTC))
    event.add("last-modified", shown.updated_at.astimezone(UTC))
    event.add("status", "CANCELLED" if shown.removed else "CONFIRMED")
    event.add("dtstart", _moment(entry, entry.starts_at))
    event.add("dtend", _moment(entry, entry.ends_at))
    event.add("transp", "TRANSPARENT" if entry.all_day else "OPAQUE")
    event.add("categories", [shown.kind])
    for name, text in (("summary", entry.summary), ("location", entry.location), ("description", entry.description)):
        if text:
            event.add(name, _CONTROLS.sub("", text.replace("\r\n", "\n")))
    if not shown.removed:
        for minutes in entry.reminders:
            event.add_component(_alarm(entry, minutes))
    return event


def _moment(entry: Entry, at: datetime) -> object:
    return at.astimezone(UTC).date() if entry.all_day else at.astimezone(UTC)


def _alarm(entry: Entry, minutes: int) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", _CONTROLS.sub("", entry.summary))
    alarm.add("trigger", timedelta(minutes=-minutes))
    return alarm
