"""What is shown of an event to somebody who looks into the log: personal fields only where they are asked for."""

from functools import lru_cache
from typing import Any

from infra.masking import MASK
from schemas.recorded import Recorded
from schemas.registry import Registry


class Disclosure:
    """Masks what the schemas mark as personal, unless `personal`."""

    def __init__(self, registry: Registry, *, personal: bool) -> None:
        self._registry, self._personal = registry, personal
        self._hidden = lru_cache(None)(self._hidden_fields)

    def payload(self, event: Recorded) -> dict[str, Any]:
        """The fields of an opened event. Raises `UndecodableEvent`, `KeyNotLoaded`."""
        fields = dict(event.payload)
        if self._personal:
            return fields
        hidden = self._hidden(f"{event.category}.{event.type}")
        return {name: MASK if name in hidden and value is not None else value for name, value in fields.items()}

    def _hidden_fields(self, type: str) -> frozenset[str]:
        return frozenset(field.name for field in self._registry.latest(type).personal)
