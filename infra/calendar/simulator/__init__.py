"""A Google Calendar for tests and development: signs in, keeps events, and fails on purpose when told to."""

from infra.calendar.simulator.app import build

__all__ = ["build"]
