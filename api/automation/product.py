"""Automation as a product: its routes, its errors and its limits."""

from api.automation import calendar, calendar_feed, follow_ups, interviews, jobs, notes, offers, tracking
from api.automation.errors import ERRORS
from api.automation.live import live_router
from api.live.running import Live
from api.product import Product
from api.rate_limit import RateLimits
from infra.settings import Auth, Settings
from runtime.system import System

VERSION = "1.0.0"
# "Cached endpoints: Higher limits", says the document without a figure; these are the reads it calls cached.
_HIGHER = "5000/hour"
_CACHED = ("/jobs/{job_id}", "/ats/statistics", "/followup/jobs/{job_id}", "/followup/due")


def automation(system: System, live: Live) -> Product:
    return Product(
        name="automation",
        title="Job Automation API",
        version=VERSION,
        routers=(
            jobs.router,
            tracking.router,
            interviews.router,
            offers.router,
            notes.router,
            follow_ups.router,
            calendar.router,
            calendar_feed.router,
            live_router(live),
        ),
        errors=ERRORS,
        limits=_limits(system.settings),
        description="Jobs that somebody looks for, applications to them, and all that follows from one to the next.",
        public=calendar_feed.PUBLIC,
        personal=True,
    )


def _limits(settings: Settings) -> RateLimits | None:
    """None in development, as documented."""
    if settings.auth is Auth.DEVELOPMENT:
        return None
    rules = {("GET", path): _HIGHER for path in _CACHED}
    return RateLimits(default="100/hour", rules=rules, exempt=(), known="1000/hour")
