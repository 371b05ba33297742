"""TradeEngage as a product: its routes, its errors and its limits."""

from api.health import health_router
from api.product import Product
from api.rate_limit import Counter, RateLimits
from api.tradeengage import companies, jobs, webhooks
from api.tradeengage.errors import ERRORS
from api.tradeengage.health import checks, readiness
from runtime.system import System

VERSION = "1.0.0"


def tradeengage(system: System, counter: Counter, head: int) -> Product:
    """`head`: the last position when the process started, which readiness waits for."""
    return Product(
        name="tradeengage",
        title="TradeEngage Service Integration API",
        version=VERSION,
        routers=(
            jobs.router,
            companies.router,
            webhooks.router,
            health_router(checks(system, counter), VERSION, system.clock, readiness(system, head)),
        ),
        errors=ERRORS,
        limits=RateLimits(default="100/minute", rules={("POST", "/jobs/"): "10/minute"}, exempt=("/health",)),
        description="Service jobs are matched to companies by skills and synchronised into their PoS systems.",
        public=("/health", "/webhooks"),
    )
