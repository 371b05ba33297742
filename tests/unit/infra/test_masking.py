import io
import json
import logging

import pytest
import structlog

from infra import logging as logs
from infra.masking import MASK, masked, masked_fields
from infra.settings import Auth, BadSettings, Settings, check_exposure
from infra.telemetry import carried, continued


@pytest.mark.parametrize(
    "name",
    ["name", "homeowner", "homeowner_phone", "email", "contact_email", "Authorization", "X-API-Key", "client_secret"],
)
def test_a_field_with_a_private_name_is_masked_however_deep(name: str) -> None:
    assert masked_fields({"outer": [{name: "Jane"}]}) == {"outer": [{name: MASK}]}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("mail to jane.doe+x@mail.example.com now", f"mail to {MASK} now"),
        ("call (555) 123-4567.", f"call {MASK}."),
        ("call +1 555-123-4567", f"call {MASK}"),
        ("call +15551234567", f"call {MASK}"),
        ("postgres://user:p-w@host/db", f"postgres://{MASK}@host/db"),
        ("key js_0123456789abcdef0123456789abcdef_s-e_cret", f"key {MASK}"),
    ],
)
def test_personal_data_and_secrets_inside_texts_are_masked(text: str, shown: str) -> None:
    assert masked(text) == shown


@pytest.mark.parametrize(
    "text", ["550e8400-e29b-41d4-a716-446655440000", "2025-08-27T16:00:00Z", "1640995200", "10.20.30.40", "st-12345"]
)
def test_ids_and_times_are_left_alone(text: str) -> None:
    assert masked(text) == text


def test_the_standard_librarys_lines_are_json_with_the_correlation_id_and_masked() -> None:
    stream = io.StringIO()
    before = logging.root.handlers[:], logging.root.level
    try:
        logs.configure(Settings.model_validate({"log_format": "json"}), stream)
        with continued("agent", {"correlation_id": "req-1", "traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}):
            try:
                raise ValueError("for jane@example.com")
            except ValueError:
                logging.getLogger("asyncpg").exception("Lost %s", "host", extra={"phone": "1"})
    finally:
        logging.root.handlers[:] = before[0]
        logging.root.setLevel(before[1])
        structlog.reset_defaults()
    line = json.loads(stream.getvalue())
    assert (line["level"], line["message"], line["logger"], line["phone"]) == ("ERROR", "Lost host", "asyncpg", MASK)
    assert line["correlation_id"] == "req-1"
    assert line["traceparent"].startswith(f"00-{'a' * 32}-")
    assert "jane" not in line["exception"]


def test_what_an_event_carries_continues_where_it_is_handled() -> None:
    with continued("api", {"correlation_id": "req-1"}):
        recorded = carried()
    with continued("agent", recorded):
        assert carried()["correlation_id"] == "req-1"
        assert carried()["traceparent"][:35] == recorded["traceparent"][:35]
    assert carried() == {}


@pytest.mark.parametrize(
    ("host", "auth", "allowed"),
    [
        ("127.0.0.1", Auth.DEVELOPMENT, True),
        ("::1", Auth.DEVELOPMENT, True),
        ("localhost", Auth.DEVELOPMENT, True),
        ("0.0.0.0", Auth.DEVELOPMENT, False),
        ("jobs.example.com", Auth.DEVELOPMENT, False),
        ("0.0.0.0", Auth.ENFORCED, True),
    ],
)
def test_an_address_reachable_from_outside_demands_credentials(host: str, auth: Auth, allowed: bool) -> None:
    settings = Settings.model_validate({"host": host, "auth": auth})
    if allowed:
        check_exposure(settings)
    else:
        with pytest.raises(BadSettings, match="AUTH=enforced"):
            check_exposure(settings)
