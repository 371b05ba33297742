"""The keys of the people that events tell about: one a subject, wrapped by the master key, destroyed to erase."""

import os
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal, Protocol
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12
_BLOCK = 256


class Erasure(Enum):
    """What stands in a key's place once the key was destroyed."""

    ERASED = "erased"


ERASED: Literal[Erasure.ERASED] = Erasure.ERASED
Key = AESGCM | Literal[Erasure.ERASED]


class SubjectErasedError(Exception):
    """The subject was erased: nothing personal may be recorded about them any more."""

    def __init__(self, subject: UUID) -> None:
        super().__init__(f"subject {subject} was erased; nothing personal can be recorded about them")
        self.subject = subject


class WrongMasterKey(Exception):
    """A subject's key was not wrapped by this master key, or its row was tampered with. Nothing is erased by this."""

    def __init__(self, subject: UUID) -> None:
        super().__init__(f"the master key does not unwrap the key of subject {subject}: is MASTER_KEY the one it had?")
        self.subject = subject


class SubjectKeys(Protocol):
    """Where the wrapped keys are kept."""

    async def load(self, subjects: Collection[UUID]) -> dict[UUID, bytes | None]:
        """The wrapped keys of those subjects that have one, in one query; None for an erased subject."""
        ...


class Nonces:
    """Random 96-bit nonces, taken from the operating system 256 at a time (0.2 µs each instead of 0.5)."""

    def __init__(self) -> None:
        self._ready: list[bytes] = []
        # A forked child must not give out the nonces that its parent gives out.
        os.register_at_fork(after_in_child=self._ready.clear)

    def next(self) -> bytes:
        while True:
            try:
                return self._ready.pop()  # one step under the interpreter's lock, so no two threads get the same
            except IndexError:
                block = os.urandom(NONCE_BYTES * _BLOCK)
                self._ready += [block[at : at + NONCE_BYTES] for at in range(0, len(block), NONCE_BYTES)]


nonces = Nonces()


class MasterKey:
    """The key that wraps the subjects' keys: AES-256-GCM, nonce before the ciphertext, bound to the subject's id."""

    def __init__(self, key: bytes) -> None:
        """`key` is 32 bytes. Raises ValueError for any other length."""
        if len(key) != KEY_BYTES:
            raise ValueError(f"a master key has {KEY_BYTES} bytes")
        self._cipher = AESGCM(key)

    def wrap(self, subject: UUID, key: bytes) -> bytes:
        nonce = nonces.next()
        return nonce + self._cipher.encrypt(nonce, key, _wrapping(subject))

    def unwrap(self, subject: UUID, wrapped: bytes) -> bytes:
        """The subject's 32-byte key. Raises `WrongMasterKey`."""
        try:
            return self._cipher.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], _wrapping(subject))
        except (InvalidTag, ValueError):
            raise WrongMasterKey(subject) from None


def _wrapping(subject: UUID) -> bytes:
    return b"jobstream.subject-key/" + subject.bytes


@dataclass(frozen=True, slots=True)
class NewKey:
    """A new subject's key: `wrapped` is stored in the append that first tells about the subject."""

    subject: UUID
    cipher: AESGCM = field(repr=False)
    wrapped: bytes = field(repr=False)


class KeyRing:
    """The keys in use, unwrapped: at most `capacity` (2.5 KiB each), none longer than `lifetime` seconds.

    The lifetime bounds how long an erasure made by another process goes unnoticed. `seconds` is a clock that never
    goes back.
    """

    def __init__(
        self,
        keys: SubjectKeys,
        master: MasterKey,
        *,
        capacity: int = 4096,
        lifetime: float = 60.0,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._keys = keys
        self._master = master
        self._capacity = capacity
        self._lifetime = lifetime
        self._seconds = seconds
        self._entries: OrderedDict[UUID, tuple[Key, float]] = OrderedDict()
        self._forgotten = 0

    async def ensure(self, subjects: Iterable[UUID]) -> dict[UUID, Key]:
        """The keys of those subjects that have one, the missing ones loaded by one query. Raises `WrongMasterKey`."""
        wanted = set(subjects)
        found = {subject: key for subject in wanted if (key := self.get(subject)) is not None}
        missing = wanted - found.keys()
        if missing:
            found.update(await self._load(missing))
        return found

    def get(self, subject: UUID) -> Key | None:
        """The subject's key if it is at hand."""
        entry = self._entries.get(subject)
        if entry is None:
            return None
        key, expires = entry
        if self._seconds() >= expires:
            del self._entries[subject]
            return None
        self._entries.move_to_end(subject)
        return key

    def create(self, subject: UUID) -> NewKey:
        """A key for a new subject. It counts only once its append succeeded; until then the ring does not hold it."""
        key = AESGCM.generate_key(8 * KEY_BYTES)
        return NewKey(subject, AESGCM(key), self._master.wrap(subject, key))

    def remember(self, created: Iterable[NewKey]) -> None:
        """Holds the keys whose append succeeded."""
        for new in created:
            self._put(new.subject, new.cipher, self._seconds())

    def forget(self, subject: UUID) -> None:
        """Lets go of a subject's key, as after its erasure: the next `ensure` loads what is stored now."""
        self._forgotten += 1
        self._entries.pop(subject, None)

    async def _load(self, subjects: Collection[UUID]) -> dict[UUID, Key]:
        while True:
            started, forgotten = self._seconds(), self._forgotten
            wrapped = await self._keys.load(subjects)
            if forgotten == self._forgotten:
                break  # otherwise what was loaded may be a key that was destroyed meanwhile
        loaded = {subject: self._unwrap(subject, key) for subject, key in wrapped.items()}
        for subject, key in loaded.items():
            self._put(subject, key, started)
        return loaded

    def _unwrap(self, subject: UUID, wrapped: bytes | None) -> Key:
        return ERASED if wrapped is None else AESGCM(self._master.unwrap(subject, wrapped))

    def _put(self, subject: UUID, key: Key, since: float) -> None:
        self._entries[subject] = (key, since + self._lifetime)
        self._entries.move_to_end(subject)
        if len(self._entries) > self._capacity:
            self._entries.popitem(last=False)
