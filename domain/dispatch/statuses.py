"""Statuses of service jobs and routings, and their allowed moves."""

from collections.abc import Mapping
from enum import StrEnum


class JobStatus(StrEnum):
    PENDING = "pending"
    COMPLETED = "completed"


class SyncStatus(StrEnum):
    PENDING = "pending"
    PROCESSING = "processing"
    SYNCED = "synced"
    FAILED = "failed"
    COMPLETED = "completed"


# A dead-lettered routing reads `failed`; an operator, or POST …/sync, may claim it again.
MOVES: Mapping[SyncStatus, frozenset[SyncStatus]] = {
    SyncStatus.PENDING: frozenset({SyncStatus.PROCESSING}),
    SyncStatus.PROCESSING: frozenset({SyncStatus.PROCESSING, SyncStatus.SYNCED, SyncStatus.FAILED}),
    SyncStatus.FAILED: frozenset({SyncStatus.PROCESSING, SyncStatus.SYNCED}),
    SyncStatus.SYNCED: frozenset({SyncStatus.COMPLETED}),
    SyncStatus.COMPLETED: frozenset(),
}
