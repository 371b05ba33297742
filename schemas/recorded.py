"""An event as the log has it: what folds, agents and subscribers receive."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

Decode = Callable[["Recorded"], Mapping[str, Any]]


@dataclass(slots=True)
class Recorded:
    """One event with its place in the log. `event["field"]` decodes the payload on first use and keeps it."""

    position: int
    stream_id: UUID
    version: int
    category: str
    type: str
    event_id: UUID
    owner: UUID
    data: bytes
    metadata: Mapping[str, str]
    occurred_at: datetime
    recorded_at: datetime
    epoch: UUID
    decode: Decode = field(repr=False)
    _payload: Mapping[str, Any] | None = field(default=None, init=False, repr=False)

    @property
    def payload(self) -> Mapping[str, Any]:
        """The decoded fields, personal ones in clear unless their subject was erased."""
        if self._payload is None:
            self._payload = self.decode(self)
        return self._payload

    def __getitem__(self, name: str) -> Any:
        return self.payload[name]
