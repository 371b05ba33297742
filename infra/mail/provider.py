"""What every mail provider can do."""

from typing import Protocol
from uuid import UUID

from infra.mail.letter import Letter


class Provider(Protocol):
    """`sent` and `send` raise `Refused` or `Unavailable`; `send` may also raise `Ambiguous`."""

    name: str
    send_seconds: float
    """The longest that `send` takes, in seconds; a lease on the work must be longer."""

    async def sent(self, id: UUID) -> bool | None:
        """Whether the letter went out before. None: this provider cannot tell."""
        ...

    async def send(self, letter: Letter) -> None:
        """Hands the letter over. After `Ambiguous` it may have gone."""
        ...

    async def health(self) -> str:
        """Says "healthy" or "degraded" (calls are being held back); costs nothing and calls nobody."""
        ...
