"""A person's applications under any sequence of what people and agents do, against a model of what they may expect."""

from dataclasses import dataclass, field
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from commands.applications import (
    AcceptOffer,
    ChangeApplicationStatus,
    DeclineOffer,
    ExpireOffer,
    RecordOffer,
    SaveJob,
    ScheduleInterview,
    UndoAcceptance,
    WithdrawOthers,
)
from commands.jobs import CreateJob, RemoveJob
from domain.applications.statuses import InterviewKind, Status
from domain.errors import DomainError
from domain.numbers import Kind, stream_id
from projections.applications.parts_tables import offer_status
from projections.applications.tables import application, milestones, progress, tally
from tests.grammar import World
from tests.samples import NOW, TENANT

GRACE = timedelta(hours=24)
MOSTLY = 12
NUMBERS = st.integers(0, 15)
ACTIVE = {"applied", "interview_scheduled", "interviewing", "offer_received"}
OVER = {"accepted", "declined", "rejected", "withdrawn"}
MOVES = {
    "processing": {"saved", "applied"},
    "saved": {"applied"},
    "applied": {"interview_scheduled", "interviewing"},
    "interview_scheduled": {"interviewing"},
    "interviewing": {"offer_received"},
    "offer_received": {"accepted", "declined"},
}


@dataclass
class Offer:
    job: int
    status: str = "pending"
    before: str = ""
    accepted_at: timedelta = timedelta(0)
    victims: dict[int, str] = field(default_factory=dict)
    cascaded: bool = False


class ApplicationsMachine(RuleBasedStateMachine):
    """`unsettled`: the offer whose acceptance has not withdrawn the others yet; `latest`: the one accepted last."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.statuses: dict[int, str] = {}
        self.offers: dict[int, Offer] = {}
        self.removed: set[int] = set()
        self.unsettled: int | None = None
        self.latest: int | None = None
        for _ in range(3):
            self.create()
            self.change(len(self.statuses), Status.APPLIED)

    def accepts(self, command: object) -> bool:
        """Whether anything was recorded. What is refused leaves no trace, says the grammar's log."""
        before = len(self.world.log.rows)
        sent = self.world.when(command)
        refused = isinstance(sent.outcome, Exception)
        assert not refused or isinstance(sent.outcome, DomainError), sent.outcome
        assert not refused or len(self.world.log.rows) == before
        return bool(sent.events)

    @property
    def elapsed(self) -> timedelta:
        return self.world.clock.now() - NOW

    def pick(self, number: int) -> int:
        """A job: for small numbers one that is there, else any, or one that never was."""
        there = [job for job in self.statuses if self.there(job)]
        return there[number % len(there)] if there and number < MOSTLY else 101 + number % 6

    def offer(self, number: int) -> int:
        """An offer: for small numbers one that can be decided or was accepted, else any, or one that never was."""
        known = [one for one, offer in self.offers.items() if offer.status in ("pending", "accepted")]
        return known[number % len(known)] if known and number < MOSTLY else 101 + number % 8

    def there(self, job: int) -> bool:
        return job in self.statuses and job not in self.removed

    def open(self, job: int) -> bool:
        return self.there(job) and self.statuses[job] not in OVER

    def decidable(self, number: int) -> bool:
        offer = self.offers.get(number)
        return offer is not None and offer.status == "pending" and self.there(offer.job)

    @precondition(lambda self: len(self.statuses) < 6)
    @rule()
    def create(self) -> None:
        assert self.accepts(CreateJob("Google", "Engineer"))
        self.statuses[101 + len(self.statuses)] = "processing"

    @rule(n=NUMBERS)
    def save(self, n: int) -> None:
        job = self.pick(n)
        saves = self.there(job) and self.statuses[job] == "processing"
        assert self.accepts(SaveJob(job)) == saves
        if saves:
            self.statuses[job] = "saved"

    @rule(n=NUMBERS, to=st.sampled_from(Status))
    def change(self, n: int, to: Status) -> None:
        job = self.pick(n)
        now = self.statuses.get(job, "rejected")
        allowed = self.there(job) and (
            to in MOVES.get(now, set()) or (now not in OVER and to in {"rejected", "withdrawn"})
        )
        assert self.accepts(ChangeApplicationStatus(job, to)) == allowed
        if allowed:
            self.statuses[job] = to.value

    @precondition(lambda self: len(self.removed) < 2)
    @rule(n=NUMBERS)
    def remove(self, n: int) -> None:
        job = self.pick(n)
        there = self.there(job)
        assert self.accepts(RemoveJob(job)) == there
        if there:
            self.removed.add(job)

    @rule(n=NUMBERS)
    def schedule(self, n: int) -> None:
        job = self.pick(n)
        assert self.accepts(ScheduleInterview(job, InterviewKind.PHONE, NOW, 60)) == self.open(job)
        if self.open(job) and self.statuses[job] != "interviewing":
            self.statuses[job] = "interview_scheduled"

    @rule(n=NUMBERS)
    def receive(self, n: int) -> None:
        job = self.pick(n)
        assert self.accepts(RecordOffer(job)) == self.open(job)
        if self.open(job):
            self.statuses[job] = "offer_received"
            self.offers[101 + len(self.offers)] = Offer(job)

    @rule(n=NUMBERS)
    def accept(self, n: int) -> None:
        number = self.offer(n)
        accepts = self.decidable(number) and self.open(self.offers[number].job) and self.unsettled is None
        assert self.accepts(AcceptOffer(number)) == accepts
        if accepts:
            offer = self.offers[number]
            offer.status, offer.before, offer.accepted_at = "accepted", self.statuses[offer.job], self.elapsed
            offer.victims, offer.cascaded = {}, False
            self.statuses[offer.job] = "accepted"
            self.unsettled = self.latest = number

    @rule(n=NUMBERS)
    def decline(self, n: int) -> None:
        number = self.offer(n)
        declines = self.decidable(number)
        assert self.accepts(DeclineOffer(number)) == declines
        if declines:
            offer = self.offers[number]
            offer.status = "declined"
            if self.statuses[offer.job] == "offer_received":
                self.statuses[offer.job] = "declined"

    @rule(n=NUMBERS)
    def expire(self, n: int) -> None:
        number = self.offer(n)
        expires = self.decidable(number) and self.open(self.offers[number].job)
        assert self.accepts(ExpireOffer(stream_id(Kind.OFFER, number))) == expires
        if expires:
            self.offers[number].status = "expired"

    @rule(n=NUMBERS)
    def cascade(self, n: int) -> None:
        number = self.offer(n)
        offer = self.offers.get(number)
        runs = offer is not None and offer.status == "accepted" and not offer.cascaded
        others = [job for job in self.statuses if offer is None or job != offer.job]
        assert self.accepts(WithdrawOthers(number, others)) == runs
        if runs and offer is not None:
            offer.cascaded = True
            offer.victims = {
                job: self.statuses[job] for job in others if self.open(job) and self.statuses[job] in ACTIVE
            }
            self.statuses.update(dict.fromkeys(offer.victims, "withdrawn"))
            if self.unsettled == number:
                self.unsettled = None

    @rule(n=NUMBERS)
    def undo(self, n: int) -> None:
        number = self.offer(n)
        offer = self.offers.get(number)
        undone = (
            offer is not None
            and offer.status == "accepted"
            and self.there(offer.job)
            and self.elapsed <= offer.accepted_at + GRACE
        )
        assert self.accepts(UndoAcceptance(number, GRACE)) == undone
        if undone and offer is not None:
            for job, before in offer.victims.items():
                if self.latest == number and self.there(job):
                    self.statuses[job] = before
            offer.status, self.statuses[offer.job] = "pending", offer.before
            if self.unsettled == number:
                self.unsettled = None

    @rule(n=NUMBERS)
    def accept_and_undo(self, n: int) -> None:
        """What happens seldom by chance: an offer is accepted, withdraws the others, and that is undone."""
        self.receive(n)
        self.accept(n)
        self.cascade(n)
        self.undo(n)

    @rule(hours=st.integers(1, 20))
    def wait(self, hours: int) -> None:
        self.world.after(hours=hours)

    @invariant()
    def the_read_model_shows_what_is_expected(self) -> None:
        expected = {job: status for job, status in self.statuses.items() if self.there(job)}
        assert {row["number"]: row["status"] for row in self.world.rows(application)} == expected
        counts = {row["status"]: row["count"] for row in self.world.rows(tally) if row["count"]}
        values = list(expected.values())
        assert counts == {status: values.count(status) for status in set(values)}
        assert all(row["owner"] == TENANT for row in self.world.rows(tally))
        present = [row for row in self.world.rows(progress) if row["valid_to"] is None]
        assert {row["number"]: row["status"] for row in present} == expected

    @invariant()
    def offers_are_counted_by_status(self) -> None:
        present = {row["number"]: row["status"] for row in self.world.rows(offer_status) if row["valid_to"] is None}
        assert present == {number: offer.status for number, offer in self.offers.items()}
        counted = sum(row["accepted"] for row in self.world.rows(milestones))
        there = [offer for offer in self.offers.values() if self.there(offer.job)]
        assert counted == sum(offer.status == "accepted" for offer in there)


TestApplicationsMachine = ApplicationsMachine.TestCase
TestApplicationsMachine.settings = settings(max_examples=20, stateful_step_count=30, deadline=None)
