"""Requests to ServiceTitan as one tenant: token, application key, rate limit, and what an answer means."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from infra.outbound import Operation, Refused, Unavailable
from infra.outbound.http import exchange
from infra.pos.credentials import Credentials
from infra.pos.servicetitan.messages import Envelope, Token
from infra.pos.servicetitan.pace import Pace

M = TypeVar("M", bound=BaseModel)

SYSTEM = "servicetitan"
# 60 a second are allowed for an application and tenant; five are left for requests that arrive closer than they left.
PER_SECOND = 55
PATIENCE = 2.0
# A token lives 900 s; it is renewed this long before its end, so that none expires on its way.
MARGIN = 60.0

_TOKEN = Operation("token", timeout=10.0, repeatable=True)


class Session:
    """Shared by all tenants; holds a token for each set of credentials, with at most one refresh in flight for it."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        token_url: str,
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._client, self._token_url, self._now, self._sleep = client, token_url, now, sleep
        self._tokens: dict[Credentials, tuple[str, float]] = {}
        self._refreshing: dict[Credentials, asyncio.Task[str]] = {}
        self._paces: dict[tuple[str, str], Pace] = {}

    async def ask(
        self, credentials: Credentials, operation: Operation, method: str, path: str, answer: type[M], **content: Any
    ) -> M:
        """The answer to one request, read as `answer`; `content` goes to httpx (`json`, `params`).

        Raises `Refused` with the provider's title, and what `operation` makes of an answer that is no JSON of ours.
        """
        response = await self.send(credentials, operation, method, path, **content)
        try:
            return answer.model_validate_json(response.content)
        except ValidationError:
            pass  # raised below, outside the handler: pydantic's text quotes the answer
        raise operation.lost(f"{SYSTEM}: {operation.name} answered something that makes no sense")

    async def send(
        self, credentials: Credentials, operation: Operation, method: str, path: str, **content: Any
    ) -> httpx.Response:
        """A 2xx answer. A token that is not accepted any more is renewed once. Raises as `ask` does."""
        token = await self._token(credentials)
        response = await self._once(credentials, operation, token, method, path, **content)
        if response.status_code == httpx.codes.UNAUTHORIZED:
            self._forget(credentials, token)
            token = await self._token(credentials)
            response = await self._once(credentials, operation, token, method, path, **content)
        if response.is_client_error:
            raise Refused(f"{SYSTEM}: {operation.name} refused ({response.status_code}): {_title(response)}")
        if not response.is_success:
            raise operation.lost(f"{SYSTEM}: {operation.name} answered {response.status_code}")
        return response

    async def _once(
        self, credentials: Credentials, operation: Operation, token: str, method: str, path: str, **content: Any
    ) -> httpx.Response:
        url = path.format(tenant=credentials.tenant)
        headers = {"Authorization": f"Bearer {token}", "ST-App-Key": credentials.app_key}
        request = self._client.build_request(method, url, headers=headers, **content)
        await self._pace(credentials).turn()
        return await exchange(self._client, SYSTEM, operation, request)

    def _pace(self, credentials: Credentials) -> Pace:
        account = (credentials.app_key, credentials.tenant)
        if account not in self._paces:
            self._paces[account] = Pace(PER_SECOND, PATIENCE, self._now, self._sleep)
        return self._paces[account]

    async def _token(self, credentials: Credentials) -> str:
        held = self._tokens.get(credentials)
        if held and self._now() < held[1]:
            return held[0]
        refresh = self._refreshing.get(credentials)
        if refresh is None:
            refresh = asyncio.create_task(self._refresh(credentials), name="servicetitan token")
            self._refreshing[credentials] = refresh
            refresh.add_done_callback(lambda done: self._refreshed(credentials, done))
        # Shielded: whoever started the refresh may be cancelled while others wait for it.
        return await asyncio.shield(refresh)

    def _refreshed(self, credentials: Credentials, refresh: asyncio.Task[str]) -> None:
        del self._refreshing[credentials]
        if not refresh.cancelled():
            refresh.exception()  # those who wait get it; when all were cancelled, nobody has to

    def _forget(self, credentials: Credentials, token: str) -> None:
        if self._tokens.get(credentials, ("", 0.0))[0] == token:  # not the one that somebody else has fetched since
            del self._tokens[credentials]

    async def _refresh(self, credentials: Credentials) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": credentials.client_id,
            "client_secret": credentials.client_secret,
        }
        request = self._client.build_request("POST", self._token_url, data=form)
        try:
            async with asyncio.timeout(_TOKEN.timeout):
                response = await exchange(self._client, SYSTEM, _TOKEN, request)
        except TimeoutError as error:
            raise Unavailable(f"{SYSTEM}: no token in {_TOKEN.timeout:g} s") from error
        if response.is_client_error:
            raise Refused(f"{SYSTEM}: the credentials of {credentials.tenant} were refused ({response.status_code})")
        return self._keep(credentials, response)

    def _keep(self, credentials: Credentials, response: httpx.Response) -> str:
        try:
            token = Token.model_validate_json(response.content)
        except ValidationError:
            token = None
        if token is None:
            raise Unavailable(f"{SYSTEM}: token answered something that makes no sense")
        now = self._now()
        self._tokens = {key: held for key, held in self._tokens.items() if now < held[1]}
        self._tokens[credentials] = (token.access_token, now + token.expires_in - min(MARGIN, token.expires_in / 2))
        return token.access_token


def _title(response: httpx.Response) -> str:
    try:
        title = Envelope.model_validate_json(response.content).title
    except ValidationError:
        return "no reason given"
    return re.sub(r"\s+", " ", title)[:200]
