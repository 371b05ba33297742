"""One typed settings object, read from the environment."""

import difflib
import ipaddress
import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError


class Switch(StrEnum):
    ON = "on"
    OFF = "off"

    def __bool__(self) -> bool:
        return self is Switch.ON


class Auth(StrEnum):
    DEVELOPMENT = "development"
    ENFORCED = "enforced"


class BadSettings(Exception):
    """A setting is unknown or has a value that it does not take. The message names it and says what it takes."""


_MAILBOX = r"^[^\s@<>,;:\"]{1,64}@[A-Za-z0-9.-]{1,253}$"


def _master_key(value: str | None) -> str | None:
    if value is None:
        return None
    try:
        good = len(bytes.fromhex(value)) == 32
    except ValueError:
        good = False
    if not good:
        raise ValueError("takes 64 hexadecimal digits (32 bytes), e.g. from: openssl rand -hex 32")
    return value


class Settings(BaseModel):
    """Every setting of every role. The environment variable is the field's name in capitals."""

    model_config = ConfigDict(frozen=True)

    host: str = Field("127.0.0.1", description="Address to serve on; other than loopback demands AUTH=enforced")
    port: int = Field(8000, ge=1, le=65535, description="Port of the HTTP interface")
    metrics_port: int = Field(
        0, ge=0, le=65535, description="Port of /metrics and /health for relay, projector and agents; 0: none"
    )
    jobstream_home: Path = Field(Path(".jobstream"), description="Folder of all state; delete it to start afresh")
    database_url: str | None = Field(
        None, pattern=r"^postgres(ql)?://", description="PostgreSQL server; unset: one of our own is started"
    )
    kafka_bootstrap_servers: str | None = Field(
        None,
        pattern=r"^[^\s:,]+:\d+(,[^\s:,]+:\d+)*$",
        description="Kafka brokers, host:port[,host:port]; unset: the event store's own feed is used",
    )
    kafka_topic_prefix: str = Field(
        "",
        pattern=r"^[a-z0-9._-]*$",
        description="Put before every topic, group and transactional id, for a shared cluster",
    )
    kafka_instance_id: str = Field(
        "agents-1",
        pattern=r"^[A-Za-z0-9._-]{1,100}$",
        description="Place in the agents' consumer groups: kept over restarts, another in each process",
    )
    redis_url: str | None = Field(
        None,
        pattern=r"^(redis|rediss|unix)://",
        description="Redis for rate limits shared by several processes; unset: in memory",
    )
    root_api: str = Field(
        "automation",
        pattern=r"^(automation|copilot|jobswipe|jobwise|tradeengage)$",
        description="The product also served at /api/v1",
    )
    auth: Auth = Field(
        Auth.DEVELOPMENT, description="development (loopback only: no credentials needed) or enforced (API keys)"
    )
    rate_limits: Switch = Field(Switch.ON, description="on or off")
    sample_data: Switch = Field(
        Switch.ON, description="on or off: load a sample directory of companies into an empty database"
    )
    master_key: Annotated[str | None, AfterValidator(_master_key)] = Field(
        None,
        repr=False,
        description="64 hexadecimal digits, wrap the subjects' keys; required beside DATABASE_URL, else made",
    )
    log_level: str = Field("info", pattern=r"^(debug|info|warning|error)$", description="debug, info, warning or error")
    log_format: str = Field(
        "auto", pattern=r"^(auto|json|console)$", description="json, console, or auto (console on a terminal)"
    )
    otel_exporter_otlp_endpoint: str | None = Field(
        None, pattern=r"^https?://", description="OpenTelemetry collector; unset: traces are not exported"
    )
    servicetitan_url: str = Field(
        "http://127.0.0.1:8100",
        pattern=r"^https?://",
        description="Root of ServiceTitan's interface (or of the simulator)",
    )
    servicetitan_auth_url: str | None = Field(
        None,
        pattern=r"^https?://",
        description="Root of ServiceTitan's token endpoint when that is another host; unset: SERVICETITAN_URL",
    )
    servicetitan_webhook_secret: str | None = Field(
        None, repr=False, description="HMAC secret of ServiceTitan's webhooks; unset: webhooks are refused"
    )
    offer_undo_hours: float = Field(
        24.0, ge=0, le=8760, description="How long a mistaken acceptance of an offer can be undone, in hours"
    )
    pos_poll_seconds: float = Field(
        30.0, gt=0, description="How often completed jobs are asked for at the providers, in seconds"
    )
    calendar_provider: str = Field(
        "local",
        pattern=r"^(local|google)$",
        description="local (our own calendar, read as an iCalendar feed) or google",
    )
    google_calendar_url: str = Field(
        "https://www.googleapis.com/calendar/v3",
        pattern=r"^https?://",
        description="Root of Google's calendar interface (or of the simulator)",
    )
    google_calendar_id: str = Field(
        "primary", pattern=r"^[^\s/]{1,200}$", description="The calendar of that account to write into"
    )
    google_calendar_credentials: Path = Field(
        Path("credentials/google_oauth_credentials.json"),
        description="OAuth client of a desktop application, as Google gives it; its token is kept beside it",
    )
    mail_provider: str = Field(
        "file", pattern=r"^(file|smtp)$", description="file (letters as .eml files below JOBSTREAM_HOME) or smtp"
    )
    mail_from: str = Field(
        "jobstream@localhost", pattern=_MAILBOX, description="Address that letters come from, e.g. you@example.org"
    )
    mail_to: str | None = Field(
        None,
        pattern=_MAILBOX,
        description="Your own address: gets the letters that have nobody else to go to; unset: MAIL_FROM",
    )
    smtp_host: str | None = Field(
        None, pattern=r"^[A-Za-z0-9.:-]{1,253}$", description="Mail server; required with MAIL_PROVIDER=smtp"
    )
    smtp_port: int = Field(587, ge=1, le=65535, description="Its port: 587 with starttls, 465 with tls")
    smtp_security: str = Field(
        "starttls", pattern=r"^(starttls|tls|none)$", description="starttls, tls (from the first byte) or none"
    )
    smtp_username: str | None = Field(None, description="Account at the mail server; unset: no sign-in")
    smtp_password: str | None = Field(None, repr=False, description="Its password; goes together with SMTP_USERNAME")


# Variables with these prefixes are ours; others are refused only when they are nearly a setting's name.
_PREFIXES = ("JOBSTREAM_", "SERVICETITAN_", "GOOGLE_CALENDAR_", "SMTP_")
_NEARLY = 0.85


def load(environment: dict[str, str] | None = None) -> Settings:
    """The settings of `environment` (default: the process's own).

    Raises `BadSettings` naming each unknown or badly valued setting and what it takes.
    """
    source = dict(os.environ if environment is None else environment)
    known = {name.upper() for name in Settings.model_fields}
    problems = [problem for name in sorted(source.keys() - known) if (problem := _unknown(name, known))]
    values: dict[str, Any] = {name.lower(): value for name, value in source.items() if name in known and value != ""}
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        problems += [_bad(str(item["loc"][0]), str(item["msg"])) for item in error.errors()]
        raise BadSettings("\n".join(problems)) from None
    if problems:
        raise BadSettings("\n".join(problems))
    return settings


def check_exposure(settings: Settings) -> None:
    """Raises `BadSettings` when an address other than loopback would be served without asking for credentials."""
    if settings.auth is Auth.DEVELOPMENT and not is_loopback(settings.host):
        raise BadSettings(f"HOST: {settings.host} is reachable from outside; set AUTH=enforced, or HOST=127.0.0.1")


def is_loopback(host: str) -> bool:
    """Whether a host, by name or address, is this machine and no other."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _unknown(name: str, known: set[str]) -> str | None:
    """What to say of a variable that is no setting; None for one that is somebody else's."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6 if name.startswith(_PREFIXES) else _NEARLY)
    if near:
        return f"{name} is not a setting; did you mean {near[0]}?"
    return f"{name} is not a setting; see .env.example for all of them" if name.startswith(_PREFIXES) else None


def _bad(field: str, message: str) -> str:
    # The value itself is left out: it may be a password.
    return f"{field.upper()}: {message}. It takes: {Settings.model_fields[field].description}"
