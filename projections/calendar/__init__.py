"""Everybody's calendar: what stands in it, and how far an outside one has followed."""
