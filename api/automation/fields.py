"""What fields hold, with the limits that the document leaves open."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any

from fastapi import Path
from pydantic import AfterValidator, BeforeValidator, EmailStr, Field, StringConstraints

# PostgreSQL's bigint; a number beyond it names nothing.
LARGEST = 2**63 - 1
_DIGITS = re.compile(r"-?\d{1,19}", re.ASCII)
_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def _written_out(value: Any) -> Any:
    # pydantic would also take 1.0 and 1_000.
    if isinstance(value, str) and not _DIGITS.fullmatch(value):
        raise ValueError("must be a whole number")
    return value


def _iso(value: Any) -> Any:
    if not isinstance(value, str | datetime | date):
        raise ValueError("must be a time in ISO 8601, e.g. 2025-11-15T14:00:00Z")
    return value


def _amount(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ValueError("must be a number")
    amount = Decimal(str(value) if isinstance(value, float) else value)
    # pydantic's own limits on digits take four times as long.
    if not (amount.is_finite() and 0 <= amount <= 1_000_000_000 and amount == round(amount, 2)):
        raise ValueError("must lie between 0 and 1000000000, with two decimal places at most")
    return amount


def money(amount: Decimal | None) -> int | float | None:
    """As the document writes it: 150000, with cents only where there are any."""
    if amount is None:
        return None
    return int(amount) if amount == amount.to_integral_value() else float(amount)


def _utc(value: datetime) -> datetime:
    """In UTC; without an offset it is taken to be UTC already."""
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    # By the year first: near its ends the calendar has no room for an offset.
    if not (1970 <= aware.year < 2200 and _EARLIEST <= aware < _LATEST):
        raise ValueError("must lie between 1970 and 2200")
    return aware.astimezone(UTC)


def unnamed() -> Any:
    """The default of a field of changes: it is looked at only where it was named, and may not be null."""
    return Field(default_factory=lambda: None)


Number = Annotated[int, BeforeValidator(_written_out), Path(ge=-LARGEST, le=LARGEST)]
"""An id in a path."""
JobNumber = Annotated[int, Field(strict=True, ge=-LARGEST, le=LARGEST)]
"""An id in a body."""
Moment = Annotated[datetime, BeforeValidator(_iso), AfterValidator(_utc)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"\S")]
Line = Annotated[str, StringConstraints(max_length=500)]
Text = Annotated[str, StringConstraints(max_length=20_000)]
Description = Annotated[str, StringConstraints(max_length=100_000)]
Url = Annotated[str, StringConstraints(max_length=2048, pattern=r"^https?://\S+$")]
Email = Annotated[EmailStr, StringConstraints(max_length=255)]
Source = Annotated[str, StringConstraints(max_length=50, pattern=r"^[A-Za-z0-9](?:[A-Za-z0-9 ._-]*[A-Za-z0-9])?$")]
Money = Annotated[Decimal, BeforeValidator(_amount)]
