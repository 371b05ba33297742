"""ServiceTitan: tokens, paging, limits and errors of its interface, behind the provider protocol."""

from infra.pos.servicetitan.adapter import ServiceTitan
from infra.pos.servicetitan.session import SYSTEM, Session

__all__ = ["SYSTEM", "ServiceTitan", "Session"]
