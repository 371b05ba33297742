"""A company that gives work away and takes work on."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from eventsourcing.domain import event

from domain.aggregate import Aggregate
from domain.dispatch.skills import normalized

CHANGEABLE = frozenset(
    {"name", "provider_type", "skills", "categories", "states", "zip_prefixes", "active", "credentials_ref"}
)


class Company(Aggregate):
    """A contractor, what it can do, where, and the PoS system its jobs go to."""

    TOPIC = "dispatch.Company"
    SNAPSHOT_EVERY = 50

    @event("CompanyRegistered", topic="dispatch.CompanyRegistered")
    def __init__(
        self,
        id: UUID,
        name: str,
        provider_type: str,
        skills: Mapping[str, str],
        categories: Sequence[str],
        states: Sequence[str],
        zip_prefixes: Sequence[str],
        active: bool,
        credentials_ref: str | None,
        timestamp: datetime,
    ) -> None:
        self.name, self.provider_type, self.active = name, provider_type, active
        self.skills, self.categories = dict(skills), list(categories)
        self.states, self.zip_prefixes = list(states), list(zip_prefixes)
        self.credentials_ref = credentials_ref

    def update(self, changes: Mapping[str, Any], timestamp: datetime) -> None:
        """Set the named fields. Fields that keep their value are not recorded; none left means no event.

        Raises `KeyError` for a field that a company does not have.
        """
        if unknown := changes.keys() - CHANGEABLE:
            raise KeyError(*sorted(unknown))
        real = {name: value for name, value in changes.items() if getattr(self, name) != value}
        if "skills" in real:
            normalized(real["skills"])
        if real:
            self._updated(**{name: real.get(name) for name in CHANGEABLE}, changed=sorted(real), timestamp=timestamp)

    @event("CompanyUpdated", topic="dispatch.CompanyUpdated")
    def _updated(
        self,
        changed: Sequence[str],
        name: str | None,
        provider_type: str | None,
        skills: Mapping[str, str] | None,
        categories: Sequence[str] | None,
        states: Sequence[str] | None,
        zip_prefixes: Sequence[str] | None,
        active: bool | None,
        credentials_ref: str | None,
        timestamp: datetime,
    ) -> None:
        given = {
            "name": name,
            "provider_type": provider_type,
            "skills": skills,
            "categories": categories,
            "states": states,
            "zip_prefixes": zip_prefixes,
            "active": active,
            "credentials_ref": credentials_ref,
        }
        for field in changed:
            setattr(self, field, given[field])
