"""Google Calendar: its sign-in, its events and its errors, behind the provider protocol."""

from infra.calendar.google.adapter import GoogleCalendar
from infra.calendar.google.session import SYSTEM, Session

__all__ = ["SYSTEM", "GoogleCalendar", "Session"]
