"""Credentials by reference: events and read models carry `env:NAME` or `file:name`, never what it stands for."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, with_config

from infra.outbound import Refused

_REFERENCE = re.compile(r"env:(?P<variable>[A-Z][A-Z0-9_]{0,127})|file:(?P<file>[A-Za-z0-9][A-Za-z0-9_-]{0,63})")

_Text = Annotated[str, Field(min_length=1, max_length=1000)]
# The key becomes a header, the tenant part of a path.
_Key = Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,1000}$")]
_Tenant = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class UnknownCredentials(Refused):
    """A reference that stands for nothing usable. The text names the reference and the fields at fault, no values."""


@with_config(ConfigDict(extra="forbid", coerce_numbers_to_str=True))
@dataclass(frozen=True, slots=True)
class Credentials:
    """One company's access to its provider. Only the tenant shows in a repr."""

    tenant: _Tenant
    client_id: _Text = field(repr=False)
    client_secret: _Text = field(repr=False)
    app_key: _Key = field(repr=False)
    business_unit_id: int = field(repr=False)
    job_type_id: int = field(repr=False)
    campaign_id: int = field(repr=False)


_CREDENTIALS = TypeAdapter(Credentials)


class Vault:
    """Where references are resolved: the process's environment, and JSON files under `<home>/credentials/`."""

    def __init__(self, home: Path, environment: Mapping[str, str] | None = None) -> None:
        self._folder = home / "credentials"
        self._environment = os.environ if environment is None else environment

    def resolve(self, reference: str | None) -> Credentials | None:
        """What `reference` stands for, read anew each time so that a rotated secret is taken up; None for None.

        Raises `UnknownCredentials`.
        """
        if reference is None:
            return None
        parts = _REFERENCE.fullmatch(reference)
        if parts is None:
            # A malformed reference may be a secret put in the wrong place, so it is not repeated.
            raise UnknownCredentials("credentials reference: takes env:NAME or file:name")
        text = self._environment.get(parts["variable"]) if parts["variable"] else self._read(parts["file"])
        if text is None:
            raise UnknownCredentials(f"credentials {reference}: there are none by this name")
        return _parsed(reference, text)

    def _read(self, name: str) -> str | None:
        path = self._folder / f"{name}.json"
        try:
            return path.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            return None


def _parsed(reference: str, text: str) -> Credentials:
    try:
        return _CREDENTIALS.validate_json(text)
    except ValidationError as error:
        wrong = sorted({str(item["loc"][0]) if item["loc"] else "the JSON" for item in error.errors()})
    # Raised outside the handler: pydantic's own error quotes the values and must not travel along as the context.
    raise UnknownCredentials(f"credentials {reference}: wrong or missing: {', '.join(wrong)}")
