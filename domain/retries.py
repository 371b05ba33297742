"""When what failed outside is tried again, and when it is given up."""

from dataclasses import dataclass
from datetime import datetime, timedelta

# How long after a lease ran out a provider may still be finishing what the dead worker asked of it.
SETTLE = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential backoff with jitter: `first`, doubled each time up to `longest`, plus or minus `jitter` of itself."""

    attempts: int = 9
    first: timedelta = timedelta(seconds=2)
    longest: timedelta = timedelta(minutes=10)
    jitter: float = 0.25

    def again_at(self, attempt: int, permanent: bool, chance: float, now: datetime) -> datetime | None:
        """When to try again after attempt number `attempt` (from 1) failed, or None to give up.

        `permanent`: trying again cannot help. `chance`: uniform in [0, 1).
        """
        if permanent or attempt >= self.attempts:
            return None
        # Beyond thirty doublings any wait is the longest one, and a timedelta at its end.
        plain: timedelta = min(self.first * 2 ** min(attempt - 1, 30), self.longest)
        return now + plain * (1 + self.jitter * (2 * chance - 1))
