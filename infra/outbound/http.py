"""What an HTTP exchange means for the caller, the same for every system that is reached over HTTP."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx

from infra.outbound.call import Operation
from infra.outbound.errors import Throttled, Unavailable
from infra.settings import is_loopback

# Nobody means more; and a number of any length must not become an infinite wait.
_LONGEST_RETRY_AFTER = 86_400.0
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


async def exchange(
    client: httpx.AsyncClient, system: str, operation: Operation, request: httpx.Request
) -> httpx.Response:
    """The answer, if it is one below 500 and not 429; what a 4xx means is the caller's to say.

    Raises `Unavailable` when nothing was sent, `Throttled` on 429, and on a lost connection, a 408 or a 5xx what
    `operation` makes of a missing answer: `Unavailable` if it may be repeated, `Ambiguous` if not.
    """
    try:
        response = await client.send(request)
    except _NEVER_SENT as error:
        raise Unavailable(f"{system}: cannot be reached ({type(error).__name__})") from error
    except httpx.RequestError as error:
        raise operation.lost(f"{system}: connection lost during {operation.name} ({type(error).__name__})") from error
    if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
        raise Throttled(f"{system}: too many requests", retry_after(response))
    # 408 is counted with them: what gave up waiting may be a gateway, and the system behind it may have acted.
    if response.status_code >= 500 or response.status_code == httpx.codes.REQUEST_TIMEOUT:
        raise operation.lost(f"{system}: {operation.name} answered {response.status_code}", retry_after(response))
    return response


def retry_after(response: httpx.Response) -> float | None:
    """`Retry-After` in seconds from now, a day at most; sent as seconds or a date (RFC 9110, 10.2.3).

    None if it is absent or unreadable.
    """
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value), _LONGEST_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max(0.0, (moment - datetime.now(UTC)).total_seconds()), _LONGEST_RETRY_AFTER)


def on_loopback(url: str) -> bool:
    """Whether a URL leads to this machine, where there are simulators, and no proxy on the way."""
    return is_loopback(urlsplit(url).hostname or "")
