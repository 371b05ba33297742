"""Routings with the state of their synchronisation."""
