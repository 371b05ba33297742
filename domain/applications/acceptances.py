"""A person's acceptances of offers: one at a time."""

from datetime import datetime
from uuid import UUID, uuid5

from eventsourcing.domain import event

from domain.aggregate import Aggregate
from domain.errors import Refused

_ACCEPTANCES = UUID("9be2a1f4-5d0c-4b3a-9f0e-2c7d41a6e8b3")


class OtherOfferAccepted(Refused):
    """The person has just accepted another offer, and this application is about to be withdrawn for it."""

    def __init__(self, offer_number: int) -> None:
        super().__init__(f"Offer {offer_number} has just been accepted; undo that first")
        self.offer_number = offer_number


class Acceptances(Aggregate):
    """Keeps two offers accepted at once from both standing: the withdrawal of the others comes a moment after.

    Between an acceptance and that moment, no other offer can be accepted; afterwards its application is withdrawn.
    """

    TOPIC = "applications.Acceptances"

    @staticmethod
    def create_id(person: UUID) -> UUID:
        return uuid5(_ACCEPTANCES, str(person))

    @event("AcceptancesOpened", topic="applications.AcceptancesOpened")
    def __init__(self, id: UUID, person_id: UUID, timestamp: datetime) -> None:
        self.latest: UUID | None = None
        self.latest_number, self.settled = 0, True

    def begin(self, offer_id: UUID, offer_number: int, timestamp: datetime) -> None:
        """The person accepts an offer. Raises `OtherOfferAccepted`."""
        if not self.settled:
            raise OtherOfferAccepted(self.latest_number)
        self._begun(offer_id, offer_number, timestamp)

    @event("AcceptanceBegun", topic="applications.AcceptanceBegun")
    def _begun(self, offer_id: UUID, offer_number: int, timestamp: datetime) -> None:
        self.latest, self.latest_number, self.settled = offer_id, offer_number, False

    def settle(self, offer_id: UUID, offer_number: int, timestamp: datetime) -> None:
        """The other applications are withdrawn, or the acceptance was undone before that."""
        if self.latest == offer_id and not self.settled:
            self._settled(offer_id, offer_number, timestamp)

    @event("AcceptanceSettled", topic="applications.AcceptanceSettled")
    def _settled(self, offer_id: UUID, offer_number: int, timestamp: datetime) -> None:
        self.settled = True
