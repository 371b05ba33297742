"""What every mail provider can do."""

from typing import Protocol
from uuid import UUID

from infra.mail.letter import Letter


class Provider(Protocol):
    """`sent` and `send` raise `Refused` or `Unavailable`; `send` may also raise `Ambiguous`."""

    name: str

    async def sent(self, id: UUID) -> bool | None:
        """Whether the letter went out before. None: this provider cannot tell."""
        ...

    async def send(self, letter: Letter) -> None:
        """Hands the letter over. After `Ambiguous` it may have gone."""
        ...
