"""An event in a person's calendar."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from eventsourcing.domain import event

from domain.aggregate import Aggregate
from domain.calendar.kinds import Removal
from domain.errors import NotFound, Refused
from domain.retries import SETTLE


class SyncBusy(Refused):
    """Somebody holds an unexpired claim on bringing it into the outside calendar."""

    def __init__(self, id: UUID, until: datetime) -> None:
        super().__init__(f"The event is being synchronised; the claim ends at {until.isoformat()}")
        self.id, self.until = id, until


class NothingToSync(Refused):
    """The outside calendar shows the event as it is, or need not know it."""

    def __init__(self, id: UUID) -> None:
        super().__init__("The outside calendar has nothing to learn of the event")
        self.id = id


class CalendarEvent(Aggregate):
    """It has a revision for each state that a calendar may show; the outside calendar follows these.

    The description is personal data of the person whose calendar it is.
    """

    TOPIC = "calendar.CalendarEvent"

    @event("CalendarEventScheduled", topic="calendar.CalendarEventScheduled")
    def __init__(
        self,
        id: UUID,
        kind: str,
        job_id: UUID,
        job_number: int,
        company: str,
        title: str,
        source_id: UUID | None,
        summary: str,
        starts_at: datetime,
        ends_at: datetime,
        all_day: bool,
        location: str | None,
        description: str | None,
        reminders: Sequence[int],
        owner_id: UUID,
        timestamp: datetime,
    ) -> None:
        self.kind, self.job_number, self.source_id, self.owner_id = kind, job_number, source_id, owner_id
        self.summary, self.starts_at, self.ends_at, self.all_day = summary, starts_at, ends_at, all_day
        self.location, self.description, self.reminders = location, description, tuple(reminders)
        self.revision = 1
        self.removed_for: Removal | None = None
        self.synced_revision = self.attempt = 0
        self.lease_until: datetime | None = None
        # A request whose answer was lost may still be carried out; a removal with such doubt is looked at again.
        self.unanswered = self.doubtful = False

    @property
    def removed(self) -> bool:
        return self.removed_for is not None

    @property
    def settled(self) -> bool:
        """The outside calendar shows the present revision, without doubt."""
        return self.synced_revision == self.revision and not self.doubtful

    def move(
        self,
        summary: str,
        starts_at: datetime,
        ends_at: datetime,
        location: str | None,
        description: str | None,
        timestamp: datetime,
    ) -> None:
        """Another time, place or text; none that differs, or a removed event, means no event."""
        after = (summary, starts_at, ends_at, location, description)
        if not self.removed and after != (
            self.summary,
            self.starts_at,
            self.ends_at,
            self.location,
            self.description,
        ):
            self._moved(self.revision + 1, *after, self.owner_id, timestamp)

    @event("CalendarEventMoved", topic="calendar.CalendarEventMoved")
    def _moved(
        self,
        revision: int,
        summary: str,
        starts_at: datetime,
        ends_at: datetime,
        location: str | None,
        description: str | None,
        owner_id: UUID,
        timestamp: datetime,
    ) -> None:
        self.revision, self.summary, self.starts_at, self.ends_at = revision, summary, starts_at, ends_at
        self.location, self.description = location, description

    def require_there(self) -> None:
        """Raises `NotFound` for an event that was removed."""
        if self.removed:
            raise NotFound("Event", self.id)

    def remove(self, reason: Removal, timestamp: datetime) -> None:
        """Take it out of the calendar. Removed before, it stays so."""
        if not self.removed:
            self._removed(self.revision + 1, self.job_number, reason, timestamp)

    @event("CalendarEventRemoved", topic="calendar.CalendarEventRemoved")
    def _removed(self, revision: int, job_number: int, reason: str, timestamp: datetime) -> None:
        self.revision, self.removed_for = revision, Removal(reason)

    def restore(self, removed_for: Removal, ends_at: datetime, timestamp: datetime) -> None:
        """What it was removed for is no longer so. One that was removed for something else, or is over, stays away."""
        if self.removed_for is removed_for and ends_at > timestamp:
            self._restored(self.revision + 1, timestamp)

    @event("CalendarEventRestored", topic="calendar.CalendarEventRestored")
    def _restored(self, revision: int, timestamp: datetime) -> None:
        self.revision, self.removed_for = revision, None

    def request_sync(self, timestamp: datetime) -> None:
        """Have it synchronised now. While a claim holds, or when it is settled, there is nothing to request."""
        if not self._shown_as_wanted(timestamp) and not self._claimed_at(timestamp):
            self._sync_requested(self.revision, self.attempt, timestamp)

    @event("CalendarSyncRequested", topic="calendar.CalendarSyncRequested")
    def _sync_requested(self, revision: int, attempts: int, timestamp: datetime) -> None: ...

    def claim_sync(self, worker: str, lease: timedelta, timestamp: datetime) -> None:
        """Reserve it for one worker's attempt. Raises `SyncBusy`, `NothingToSync`."""
        if self._shown_as_wanted(timestamp):
            raise NothingToSync(self.id)
        if self._claimed_at(timestamp) and self.lease_until is not None:
            raise SyncBusy(self.id, self.lease_until)
        self._sync_claimed(self.revision, self.attempt + 1, timestamp + lease, worker, timestamp)

    @event("CalendarSyncClaimed", topic="calendar.CalendarSyncClaimed")
    def _sync_claimed(
        self, revision: int, attempt: int, lease_until: datetime, worker: str, timestamp: datetime
    ) -> None:
        # Whoever takes over a claim cannot know how far the one before got.
        self.unanswered = self.unanswered or self.lease_until is not None
        self.attempt, self.lease_until = attempt, lease_until

    def record_sync(self, revision: int, attempt: int, link: str | None, timestamp: datetime) -> None:
        """The outside calendar shows this revision. Should there be a newer one by now, it is asked for at once."""
        if self.settled or attempt != self.attempt or self.lease_until is None:
            return
        # What is late may put a removed event back; one that is there is protected by its version.
        doubtful = self.removed and self.unanswered and not self.doubtful
        self._synced(revision, attempt, link, doubtful, timestamp)
        if self.synced_revision != self.revision:
            self._sync_requested(self.revision, self.attempt, timestamp)

    @event("CalendarEventSynced", topic="calendar.CalendarEventSynced")
    def _synced(self, revision: int, attempt: int, link: str | None, doubtful: bool, timestamp: datetime) -> None:
        self.synced_revision, self.lease_until, self.doubtful = revision, None, doubtful
        self.unanswered = doubtful

    def record_sync_failure(self, attempt: int, error: str, retry_at: datetime | None, timestamp: datetime) -> None:
        """An attempt failed; it is tried again at `retry_at`, or never by itself when that is None.

        The failure of a superseded attempt is ignored.
        """
        if attempt == self.attempt and self.lease_until is not None:
            self._sync_failed(attempt, error, retry_at, timestamp)

    @event("CalendarSyncFailed", topic="calendar.CalendarSyncFailed")
    def _sync_failed(self, attempt: int, error: str, retry_at: datetime | None, timestamp: datetime) -> None:
        self.lease_until, self.unanswered = None, True

    def _shown_as_wanted(self, moment: datetime) -> bool:
        """An account that was connected today need not learn of last year, nor of what came and went before."""
        never_shown = not self.attempt and (self.removed or self.ends_at <= moment)
        return self.settled or never_shown

    def _claimed_at(self, moment: datetime) -> bool:
        return self.lease_until is not None and moment < self.lease_until + SETTLE
