"""What a log line must not show: personal data and secrets, by the name of a field or by how a text looks."""

import re
from functools import lru_cache
from typing import Any

MASK = "***"
_PEOPLE = {"name", "first_name", "last_name", "full_name", "display_name", "candidate_name", "technician_name"}
_PLACES = {"street", "address", "zip_code"}
_SECRETS = {"authorization", "cookie", "set_cookie", "api_key", "x_api_key", "master_key", "credentials", "signature"}
_NAMES = _PEOPLE | _PLACES | _SECRETS | {"birthday", "date_of_birth"}
_ENDINGS = ("email", "phone", "password", "secret", "token", "private_key")

_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
# Only with separators or in E.164: ten bare digits are as likely a count or a time in seconds.
_PHONE = re.compile(
    r"(?<![\w-])(?:\+\d{8,15}|(?:\+?\d{1,3}[ .-])?(?:\(\d{3}\)[ ]?|\d{3}[ .-])\d{3}[ .-]\d{4})(?![\w-])"
)
_URL_LOGIN = re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)")
_API_KEY = re.compile(r"js_[0-9a-f]{32}_[\w-]+")
_DIGIT_BEFORE_PHONE = re.compile(r"\d{3}[ .)-]|\+\d{8}")


def masked_fields(fields: dict[str, Any]) -> dict[str, Any]:
    """The same fields with personal and secret values replaced, however deep they lie."""
    return {name: MASK if _is_private(name) and value is not None else masked(value) for name, value in fields.items()}


def masked(value: Any) -> Any:
    """`value` with personal data and secrets replaced inside texts, and inside what it contains."""
    if isinstance(value, str):
        return _masked_text(value)
    if isinstance(value, dict):
        return masked_fields({str(name): item for name, item in value.items()})
    if isinstance(value, list | tuple | set | frozenset):
        return [masked(item) for item in value]
    return value


@lru_cache(maxsize=1024)
def _is_private(name: str) -> bool:
    plain = name.lower().replace("-", "_")
    return plain in _NAMES or plain.endswith(_ENDINGS) or plain.startswith("homeowner")


def _masked_text(text: str) -> str:
    # The cheap tests first: nearly every line has none of these.
    if "@" in text:
        text = _EMAIL.sub(MASK, _URL_LOGIN.sub(MASK, text))
    if "js_" in text:
        text = _API_KEY.sub(MASK, text)
    if _DIGIT_BEFORE_PHONE.search(text):
        text = _PHONE.sub(MASK, text)
    return text
