"""The OAuth client and the token that the calendar is opened with, in files."""

import json
import logging
import os
import webbrowser
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests
from google.auth.exceptions import GoogleAuthError, RefreshError, TransportError
from google.auth.transport.requests import Request
from google.oauth2.credentials import Credentials

from infra.outbound import Unavailable
from infra.outbound.http import on_loopback

# Only events: neither other calendars nor settings are any of our business.
SCOPES = ("https://www.googleapis.com/auth/calendar.events",)
TOKEN = "calendar_token.json"
CONNECT = "run: jobstream calendar connect"
LEAVE_SECONDS = 300
AGAIN_SECONDS = 600.0
_SECONDS = 10.0


class BadClient(Exception):
    """The file of the OAuth client is missing or none. The message names it and says how to get it."""


class NotSignedIn(Unavailable):
    """Nobody has given leave, or not any more. Somebody may at any time, and then it can be done after all."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, retry_after=AGAIN_SECONDS)


class NotConnected(Exception):
    """The owner of the account gave no leave. The message says why."""


class TokenFile:
    """The token of the account that was connected. Readable by its owner only, and JSON: a pickle could run code."""

    def __init__(self, client: Path) -> None:
        self.client, self.path = client, client.with_name(TOKEN)

    def load(self) -> Credentials:
        """Raises `NotSignedIn` before an account is connected."""
        try:
            info = json.loads(self.path.read_text("utf-8"))
            return _credentials(info)
        except FileNotFoundError:
            raise NotSignedIn(f"google: no account is connected; {CONNECT}") from None
        except (OSError, ValueError, TypeError, KeyError):
            pass  # raised below, outside the handler: the error may quote the file
        raise NotSignedIn(f"google: {self.path} is no token; {CONNECT}")

    def save(self, credentials: Credentials) -> None:
        """Raises OSError."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self.path.with_suffix(f".{os.getpid()}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(credentials.to_json())  # type: ignore[no-untyped-call]
        fresh.replace(self.path)

    def refresh(self, credentials: Credentials) -> None:
        """A fresh access token, kept in the file too. Blocks for some seconds at most.

        Raises `NotSignedIn` when the account was disconnected, `Unavailable`.
        """
        try:
            credentials.refresh(Request(_session(credentials.token_uri)))  # type: ignore[no-untyped-call]
        except RefreshError as error:
            retryable = bool(error.retryable)
        except (TransportError, requests.RequestException) as error:
            raise Unavailable(f"google: the token endpoint cannot be reached ({type(error).__name__})") from None
        else:
            self.save(credentials)
            return
        if retryable:
            raise Unavailable("google: the token endpoint asks to try again later")
        raise NotSignedIn(f"google: the account was disconnected; {CONNECT}")


def connect(client: Path, *, browser: bool, told: str) -> None:
    """Ask the owner of the account for leave, in a browser on this machine, and keep the token.

    `told` is printed with the address to open, as `{url}`. Raises `BadClient`, `NotConnected`.
    """
    # Needed once in an installation's life.
    from google_auth_oauthlib.flow import InstalledAppFlow, WSGITimeoutError
    from oauthlib.oauth2 import OAuth2Error

    # It would log what it prints.
    logging.getLogger("google_auth_oauthlib").setLevel(logging.WARNING)
    try:
        flow = InstalledAppFlow.from_client_secrets_file(str(client), scopes=list(SCOPES))
    except FileNotFoundError:
        raise BadClient(f"{client} is missing: make an OAuth client for a desktop app and put it there") from None
    except (OSError, ValueError):
        raise BadClient(f"{client} is no OAuth client of a desktop app, as Google's console gives it") from None
    if on_loopback(flow.client_config["token_uri"]):
        # oauthlib takes https only; a simulator on this machine has none.
        os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
        flow.oauth2session.trust_env = False
    try:
        credentials = flow.run_local_server(
            host="127.0.0.1",
            port=0,
            open_browser=browser,
            authorization_prompt_message=told,
            timeout_seconds=LEAVE_SECONDS,
            prompt="consent",  # else an account that was connected before gets no refresh token
        )
    except webbrowser.Error:
        raise NotConnected("there is no browser here; use --no-browser and open the address by hand") from None
    except WSGITimeoutError:
        raise NotConnected(f"nobody gave leave in {LEAVE_SECONDS} seconds") from None
    except (OAuth2Error, GoogleAuthError, requests.RequestException) as error:
        raise NotConnected(f"leave was not given ({type(error).__name__})") from None
    TokenFile(client).save(credentials)


def _credentials(info: Mapping[str, Any]) -> Credentials:
    """As `from_authorized_user_info` reads them, which would take Google's own token endpoint whatever the file says.

    Raises what comes of a file with something else in it: KeyError, TypeError, ValueError.
    """
    # The library compares it with a time without a zone, in UTC.
    expiry = datetime.fromisoformat(info["expiry"]).astimezone(UTC).replace(tzinfo=None)
    texts = {name: str(info[name]) for name in ("refresh_token", "token_uri", "client_id", "client_secret")}
    return Credentials(info["token"], scopes=list(SCOPES), expiry=expiry, **texts)  # type: ignore[no-untyped-call]


def _session(token_uri: str) -> requests.Session:
    session = _Timed()
    session.trust_env = not on_loopback(token_uri)
    return session


class _Timed(requests.Session):
    """google-auth waits two minutes for an answer."""

    def request(self, *arguments: Any, **options: Any) -> requests.Response:
        return super().request(*arguments, **(options | {"timeout": _SECONDS}))
