"""The agent that mails follow-ups, over a log in memory and a mail server that does as told."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from commands.applications import ClaimFollowUpMail
from infra.mail.letter import Letter
from infra.outbound import Ambiguous, Refused, Unavailable
from schemas.recorded import Recorded
from streams.agent import sender
from streams.agents.follow_up_mail import LEASE, FollowUpMail
from tests.grammar import Happened, World, given, happened
from tests.samples import NOW
from tests.samples_of_applications import FOLLOW_UP, STREAMS

ID = STREAMS["FollowUp"]
PAST = (happened("JobCreated"), happened("ApplicationOpened"))
DUE = happened("FollowUpBecameDue", send_automatically=True)


def scheduled(**fields: Any) -> Happened:
    return happened("FollowUpScheduled", send_automatically=True, **fields)


@dataclass
class Post:
    """`knows`: whether it can tell what it sent. `fails`: the errors of the next letters."""

    letters: list[Letter] = field(default_factory=list)
    fails: list[Exception] = field(default_factory=list)
    knows: bool = True
    name: str = "post"

    async def sent(self, id: UUID) -> bool | None:
        return any(letter.id == id for letter in self.letters) if self.knows else None

    async def send(self, letter: Letter) -> None:
        if not self.fails:
            self.letters.append(letter)
        if self.fails:
            raise self.fails.pop(0)


@dataclass
class Agent:
    world: World
    post: Post = field(default_factory=Post)
    interviews: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.mail = FollowUpMail(
            streams=self.world.streams,
            interviews=self,
            reached=self._reached,
            mail=self.post,
            clock=self.world.clock,
            sender="me@example.org",
            own_address="home@example.org",
            worker="worker-1",
        )

    async def _reached(self, position: int) -> None: ...

    async def of_job(self, job_number: int) -> Sequence[Any]:
        return self.interviews

    async def handles(self, type: str = "FollowUpBecameDue") -> list[Recorded]:
        """What is recorded when the last event of this type is delivered."""
        before = len(self.world.log.rows)
        event = [event for event in self.world.recorded() if event.type == type][-1]
        await self.mail.agent().reactions[type](event, sender(self.world.bus, "follow_up_mail", event))
        return self.world.recorded()[before:]


@pytest.fixture
def agent() -> Agent:
    return Agent(given(*PAST, scheduled(), DUE))


def interviewer(email: str | None, name: str | None = None, outcome: str | None = None) -> dict[str, Any]:
    return {"interviewer_email": email, "interviewer_name": name, "outcome": outcome}


async def test_a_follow_up_that_came_due_is_claimed_mailed_and_recorded(agent: Agent) -> None:
    claimed, sent = await agent.handles()
    assert (claimed.type, claimed["worker"], claimed["lease_until"]) == ("FollowUpMailClaimed", "worker-1", NOW + LEASE)
    assert (sent.type, sent["by_mail"], sent["sent_at"]) == ("FollowUpSent", True, NOW)
    [letter] = agent.post.letters
    assert (letter.id, letter.sender, letter.to) == (ID, "me@example.org", "home@example.org")
    assert letter.subject == "Following up: Senior Software Engineer at Google"
    assert letter.text == "Thank you for considering my application..."


async def test_one_that_only_reminds_is_not_mailed() -> None:
    agent = Agent(given(*PAST, happened("FollowUpScheduled"), happened("FollowUpBecameDue")))
    assert await agent.handles() == []


async def test_an_event_that_is_delivered_twice_is_mailed_once(agent: Agent) -> None:
    await agent.handles()
    assert await agent.handles() == []
    assert len(agent.post.letters) == 1


async def test_it_goes_to_the_latest_interviewer_who_has_an_address(agent: Agent) -> None:
    agent.interviews = [
        interviewer("first@google.com"),
        interviewer("jane@google.com", "Jane Smith"),
        interviewer("never@google.com", outcome="cancelled"),
        interviewer(None, "Nobody"),
    ]
    await agent.handles()
    assert agent.post.letters[0].to == "jane@google.com"


async def test_the_variables_of_a_text_are_filled_and_other_braces_stay() -> None:
    template = "Dear {recruiter_name}, about {job_title} at {company}: {something} {0} {{"
    agent = Agent(given(*PAST, scheduled(template=template), DUE))
    agent.interviews = [interviewer("jane@google.com", "Jane Smith")]
    await agent.handles()
    assert agent.post.letters[0].text == (
        "Dear Jane Smith, about Senior Software Engineer at Google: {something} {0} {{"
    )


@pytest.mark.parametrize(
    ("kind", "says"), [("post_interview", "thank you for the conversation"), ("custom", "come back")]
)
async def test_one_without_a_text_has_the_usual_one(kind: str, says: str) -> None:
    agent = Agent(given(*PAST, scheduled(template=None, kind=kind), DUE))
    await agent.handles()
    text = agent.post.letters[0].text
    assert says in text
    assert "Dear hiring team" in text
    assert "{" not in text


@pytest.mark.parametrize("over", [happened("FollowUpCancelled"), happened("FollowUpSent")])
async def test_one_that_is_over_is_not_mailed(over: Happened) -> None:
    agent = Agent(given(*PAST, scheduled(), DUE, over))
    assert await agent.handles() == []
    assert agent.post.letters == []


async def test_one_that_somebody_else_holds_is_left_alone(agent: Agent) -> None:
    agent.world.when(ClaimFollowUpMail(FOLLOW_UP, "another", LEASE))
    assert await agent.handles() == []


async def test_what_was_certainly_not_sent_is_tried_again(agent: Agent) -> None:
    agent.post.fails = [Unavailable("post: away")]
    _, failed = await agent.handles()
    assert (failed.type, failed["error"]) == ("FollowUpMailFailed", "post: away")
    assert failed["retry_at"] == NOW + timedelta(minutes=1)
    agent.world.record(happened("FollowUpMailRequested"))
    assert [event.type for event in await agent.handles("FollowUpMailRequested")] == [
        "FollowUpMailClaimed",
        "FollowUpSent",
    ]


@pytest.mark.parametrize("error", [Refused("post: no such address"), Ambiguous("post: no answer"), TimeoutError()])
async def test_what_is_refused_or_may_have_gone_is_not_sent_again_by_itself(agent: Agent, error: Exception) -> None:
    agent.post.fails = [error]
    failed = (await agent.handles())[-1]
    assert (failed.type, failed["retry_at"]) == ("FollowUpMailFailed", None)
    if not isinstance(error, Refused):
        assert "send it by hand, or mark it as sent" in failed["error"]


async def interrupted(agent: Agent) -> None:
    """What a worker leaves behind that died between its claim and its record; its lease has run out."""
    agent.world.when(ClaimFollowUpMail(FOLLOW_UP, "dead", LEASE))
    agent.world.after(minutes=10).record(happened("FollowUpMailRequested"))


async def test_after_a_crash_a_provider_that_can_tell_decides(agent: Agent) -> None:
    await interrupted(agent)
    assert (await agent.handles("FollowUpMailRequested"))[-1].type == "FollowUpSent"
    assert len(agent.post.letters) == 1


async def test_after_a_crash_a_letter_that_went_is_only_recorded(agent: Agent) -> None:
    await interrupted(agent)
    agent.post.letters = [Letter(ID, "", "", "", "", NOW)]
    assert (await agent.handles("FollowUpMailRequested"))[-1].type == "FollowUpSent"
    assert len(agent.post.letters) == 1


async def test_after_a_crash_nobody_hears_twice_where_the_provider_cannot_tell(agent: Agent) -> None:
    await interrupted(agent)
    agent.post.knows = False
    failed = (await agent.handles("FollowUpMailRequested"))[-1]
    assert (failed.type, failed["retry_at"]) == ("FollowUpMailFailed", None)
    assert "may have got through" in failed["error"]
    assert agent.post.letters == []
