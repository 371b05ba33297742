"""Personal values, kept under their subject's key: AES-256-GCM, bound to event type, field and subject.

A sealed value is the text `enc:1:` and, in base64 (URL alphabet, padded), nonce (12 bytes), ciphertext, tag (16 bytes).
The associated data is `<context>.<Event>/<field>/<subject>` in ASCII, the subject as a UUID in its usual lower-case
form, so that a value moved to another field, event type or person does not open.
"""

from binascii import Error as NotBase64
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from schemas.keyring import ERASED, NONCE_BYTES, Key, KeyRing, NewKey, SubjectErasedError, nonces
from schemas.registry import STREAM_ID, PersonalField

PREFIX = "enc:1:"
_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_", b"+/")


KeyOf = Callable[[UUID], Key | None]
"""A subject's key, `ERASED`, or None when none is at hand."""


class NotSealed(Exception):
    """A stored personal value does not open with its subject's key: it was altered, moved, or never sealed."""

    def __init__(self, field: str = "value") -> None:
        super().__init__(f"{field} does not open with its subject's key")
        self.field = field


class NoKey(Exception):
    """The key of a personal value's subject is not at hand."""

    def __init__(self, subject: UUID) -> None:
        super().__init__(f"no key of subject {subject} is at hand")
        self.subject = subject


@dataclass(frozen=True, slots=True)
class SealedField:
    """A personal field of an event type; `associated` is its values' associated data but for the subject's id."""

    name: str
    erased: str | None
    associated: bytes


@dataclass(frozen=True, slots=True)
class Sealed:
    """The personal fields of an event type that tell about one subject, so that its key is looked up once an event."""

    subject: str | None
    """The field that holds the subject's id; None: the stream's own id is the subject."""
    fields: tuple[SealedField, ...]

    def subject_in(self, payload: Mapping[str, Any], stream_id: UUID) -> UUID:
        return stream_id if self.subject is None else payload[self.subject]


class AppendKeys:
    """The keys that one append's personal values are written under: those found, and those made for new subjects.

    A subject without a key gets one here. `created` is stored by the append itself; whether the subject really was new
    is for the database to say: when another writer was first, the append answers `conflict`, this object is thrown
    away, and the next attempt begins with keys loaded afresh.
    """

    def __init__(self, ring: KeyRing, found: Mapping[UUID, Key]) -> None:
        self._ring = ring
        self._found = found
        self._created: dict[UUID, NewKey] = {}

    def cipher(self, subject: UUID) -> AESGCM:
        """What seals the subject's values. Raises `SubjectErasedError`."""
        key = self._found.get(subject)
        if key is ERASED:
            raise SubjectErasedError(subject)
        if key is not None:
            return key
        if subject not in self._created:
            self._created[subject] = self._ring.create(subject)
        return self._created[subject].cipher

    @property
    def created(self) -> tuple[NewKey, ...]:
        """The new subjects' keys, to be stored by the same append."""
        return tuple(self._created.values())


def sealed_by_subject(type: str, personal: Iterable[PersonalField]) -> tuple[Sealed, ...]:
    """The personal fields of the event type `<context>.<Event>`, grouped by whom they tell about."""
    groups: dict[str, list[SealedField]] = {}
    for field in personal:
        sealed = SealedField(field.name, field.erased, f"{type}/{field.name}/".encode())
        groups.setdefault(field.subject, []).append(sealed)
    return tuple(Sealed(None if subject == STREAM_ID else subject, tuple(fields)) for subject, fields in groups.items())


def seal_fields(
    group: Sealed, record: dict[str, Any], payload: Mapping[str, Any], stream_id: UUID, keys: AppendKeys
) -> None:
    """Seals the record's personal values in place; `payload` holds the subject's id. A null stays null.

    Raises `SubjectErasedError`, and UnicodeEncodeError for text with a lone surrogate.
    """
    filled = [field for field in group.fields if record[field.name] is not None]
    if not filled:
        return
    subject = group.subject_in(payload, stream_id)
    cipher, whose = keys.cipher(subject), str(subject).encode()
    for field in filled:
        record[field.name] = seal(cipher, record[field.name], field.associated + whose)


def unseal_fields(group: Sealed, record: dict[str, Any], stream_id: UUID, key_of: KeyOf) -> None:
    """Opens the record's personal values in place; those of an erased subject read as their fields say.

    Raises `NoKey`, `NotSealed`.
    """
    filled = [field for field in group.fields if record[field.name] is not None]
    if not filled:
        return
    subject = group.subject_in(record, stream_id)
    key = key_of(subject)
    if key is None:
        raise NoKey(subject)
    if key is ERASED:
        record.update((field.name, field.erased) for field in filled)
        return
    whose = str(subject).encode()
    for field in filled:
        try:
            record[field.name] = unseal(key, record[field.name], field.associated + whose)
        except NotSealed:
            raise NotSealed(field.name) from None


def seal(cipher: AESGCM, text: str, associated: bytes) -> str:
    """The text under the key. Raises UnicodeEncodeError for text with a lone surrogate."""
    nonce = nonces.next()
    sealed = nonce + cipher.encrypt(nonce, text.encode(), associated)
    return PREFIX + b2a_base64(sealed, newline=False).translate(_TO_URL).decode("ascii")


def unseal(cipher: AESGCM, sealed: str, associated: bytes) -> str:
    """The text that was sealed. Raises `NotSealed`."""
    if not sealed.startswith(PREFIX):
        raise NotSealed
    try:
        raw = a2b_base64(sealed[len(PREFIX) :].encode("ascii").translate(_FROM_URL))
        return cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], associated).decode()
    except (InvalidTag, NotBase64, ValueError):
        raise NotSealed from None
