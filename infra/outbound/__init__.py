"""Calls to outside systems: one wrapper, and errors that say what may be done next."""

from infra.outbound.breaker import Circuit
from infra.outbound.call import Operation, Outbound, Policy
from infra.outbound.errors import Ambiguous, BulkheadFull, CircuitOpen, OutboundError, Refused, Throttled, Unavailable

__all__ = [
    "Ambiguous",
    "BulkheadFull",
    "Circuit",
    "CircuitOpen",
    "Operation",
    "Outbound",
    "OutboundError",
    "Policy",
    "Refused",
    "Throttled",
    "Unavailable",
]
