"""The key of a person, for subscribers who may read what events tell about them.

How a subscriber decrypts a personal value of an event it read from Kafka:

1. Decode the message with its schema. A field that the schema marks `"personal": {"subject": S, "erased": E}` holds
   null or a text that begins with `enc:1:`. Its subject is the value of the field named S or, where S is `stream_id`,
   the event's stream id (the message's key).
2. `GET /subject-keys/{subject}` with an API key of scope `keys:read`. 410: erased, the value reads as E.
   Keep a key for a minute at most, so that an erasure is noticed.
3. Decode the text after `enc:1:` from base64 (URL alphabet, padded): 12 bytes nonce, ciphertext, 16 bytes tag.
4. Open it by AES-256-GCM with that key, the nonce, and as associated data the ASCII text
   `<context>.<Event>/<field>/<subject>`, e.g. `dispatch.ServiceJobCreated/street/0192f0c1-0000-7000-8000-000000000001`
   (context and event are the record's name without `jobstream.`; the subject in lower case with hyphens).
   The plain text is UTF-8.

In Python, with the `cryptography` package:

    raw = base64.urlsafe_b64decode(text.removeprefix("enc:1:"))
    key = base64.b64decode(answer["key"])
    plain = AESGCM(key).decrypt(raw[:12], raw[12:], f"{type}/{field}/{subject}".encode()).decode()
"""

from base64 import b64encode
from collections.abc import Callable
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException, Path, Response
from pydantic import BaseModel

from schemas.keyring import MasterKey, SubjectKeys


class SubjectKeyAnswer(BaseModel):
    """A person's key."""

    subject: UUID
    algorithm: Literal["AES-256-GCM"] = "AES-256-GCM"
    key: str
    """32 bytes in base64 (standard alphabet, padded)."""


def subject_keys_router(keys: SubjectKeys, master: MasterKey, authorised: Callable[..., Any]) -> APIRouter:
    """The route `GET /subject-keys/{subject}`.

    `authorised` is a dependency that refuses whoever lacks the scope `keys:read`. Answers 404 for a subject that has no
    key and 410 for an erased one.
    """
    router = APIRouter(tags=["subject keys"], dependencies=[Depends(authorised)])

    @router.get("/subject-keys/{subject}", responses={404: {"description": "No key"}, 410: {"description": "Erased"}})
    async def subject_key(
        subject: Annotated[UUID, Path(description="Whose key")], response: Response
    ) -> SubjectKeyAnswer:
        """The key that opens the personal fields of events about this subject."""
        found = await keys.load([subject])
        if subject not in found:
            raise HTTPException(404, "No key of this subject")
        wrapped = found[subject]
        if wrapped is None:
            raise HTTPException(410, "This subject was erased")
        response.headers["Cache-Control"] = "no-store"
        return SubjectKeyAnswer(subject=subject, key=b64encode(master.unwrap(subject, wrapped)).decode())

    return router
