"""A ServiceTitan for tests and development: speaks its interface over HTTP, and fails on purpose when told to."""

from infra.pos.simulator.app import build

__all__ = ["build"]
