"""How a call to an outside system can fail, told apart by what the caller may do next."""

from typing import ClassVar


class OutboundError(Exception):
    """A call that did not succeed. The text names the system and the reason, never a person and never a secret."""

    outcome: ClassVar[str]
    # What the circuit breaker learns from it: True a failure, False a sign of life, None nothing.
    failure: ClassVar[bool | None]


class Refused(OutboundError):
    """The system answered and said no (4xx). Asking again the same way gets the same answer."""

    outcome = "refused"
    failure = False


class Unavailable(OutboundError):
    """Certainly not done, or safe to repeat. `retry_after` is the system's own wish in seconds, if it told one."""

    outcome = "unavailable"
    failure: ClassVar[bool | None] = True

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Throttled(Unavailable):
    """Too many calls in too little time, by the system's count (429) or by our own. Nothing was done."""

    outcome = "throttled"
    failure = None


class CircuitOpen(Unavailable):
    """Not sent: recent calls failed. `retry_after` says in how many seconds a trial call is let through."""

    outcome = "circuit_open"
    failure = None


class BulkheadFull(Unavailable):
    """Not sent: as many calls as the system is granted are under way, and the queue for them is full or too slow."""

    outcome = "bulkhead_full"
    failure = None


class Ambiguous(OutboundError):
    """It may have been done: the request went out and no usable answer came back. Look it up before trying again."""

    outcome = "ambiguous"
    failure = True
