"""Calendars: our own, and those of providers."""
