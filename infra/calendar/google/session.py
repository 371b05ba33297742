"""Requests to Google Calendar: the token, and what an answer means."""

import asyncio
from typing import Any

import httpx
from google.oauth2.credentials import Credentials

from infra.calendar.google.messages import reason
from infra.calendar.google.token import CONNECT, NotSignedIn, TokenFile
from infra.outbound import Operation, Throttled
from infra.outbound.http import exchange, retry_after

SYSTEM = "google"

# Google says "too much" with 403 as well as with 429.
_THROTTLED = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "dailyLimitExceeded"})


class Session:
    """One account's access. The token is refreshed when it has run out, and once more when it is not accepted."""

    def __init__(self, client: httpx.AsyncClient, tokens: TokenFile) -> None:
        self._client, self._tokens = client, tokens
        self._credentials: Credentials | None = None
        self._opening: asyncio.Task[str] | None = None

    async def send(self, operation: Operation, method: str, path: str, **content: Any) -> httpx.Response:
        """An answer that is no refusal of the account: what a 4xx means otherwise is the caller's to say.

        Raises as `exchange` does, and `NotSignedIn` when the account is not open to us.
        """
        token = await self._token(None)
        response = await self._once(operation, token, method, path, **content)
        if response.status_code == httpx.codes.UNAUTHORIZED:
            response = await self._once(operation, await self._token(token), method, path, **content)
        if response.status_code == httpx.codes.UNAUTHORIZED:
            raise NotSignedIn(f"{SYSTEM}: the account's token is not accepted; {CONNECT}")
        if response.status_code == httpx.codes.FORBIDDEN and reason(response.content) in _THROTTLED:
            raise Throttled(f"{SYSTEM}: too many requests", retry_after(response))
        return response

    async def _once(self, operation: Operation, token: str, method: str, path: str, **content: Any) -> httpx.Response:
        request = self._client.build_request(method, path, **content)
        request.headers["Authorization"] = f"Bearer {token}"
        return await exchange(self._client, SYSTEM, operation, request)

    async def _token(self, refused: str | None) -> str:
        """An access token, another one than `refused`; whoever needs one at the same time shares one refresh."""
        credentials = self._credentials
        if credentials is not None and credentials.valid and credentials.token != refused:
            return str(credentials.token)
        if self._opening is None:
            self._opening = asyncio.create_task(asyncio.to_thread(self._open, refused), name="google token")
            self._opening.add_done_callback(self._opened)
        # Shielded: a call may run out of time before the token endpoint does, and its repetition wants the token too.
        return await asyncio.shield(self._opening)

    def _open(self, refused: str | None) -> str:
        # An account that was connected anew is in the file.
        credentials = self._credentials = self._credentials or self._tokens.load()
        if not credentials.valid or credentials.token == refused:
            try:
                self._tokens.refresh(credentials)
            except NotSignedIn:
                self._credentials = None
                raise
        return str(credentials.token)

    def _opened(self, opening: asyncio.Task[str]) -> None:
        self._opening = None
        if not opening.cancelled():
            opening.exception()  # those who wait get it; when all were cancelled, nobody has to
