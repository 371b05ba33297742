"""Errors of TradeEngage: `{detail, error_code, timestamp}`."""

from dataclasses import replace

from api.errors import CODED, Outcome


class SyncError(Exception):
    """The provider did not take the job, or not in time. The text is the provider's, without personal data."""


# The document names the code and leaves the status open: the fault lies behind us.
ERRORS = replace(CODED, outcomes={SyncError: Outcome(502, "SYNC_ERROR")})
