"""Mails the follow-ups that are to be sent by themselves."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

import structlog

from commands.applications import ClaimFollowUpMail, RecordFollowUpMailFailure, RecordFollowUpSent
from commands.bus import Streams
from domain.applications.follow_up import FollowUp, FollowUpOver, MailBusy
from domain.applications.sequences import SEQUENCES, filled
from domain.applications.statuses import InterviewOutcome
from domain.clock import Clock
from infra.mail.letter import Letter
from infra.mail.provider import Provider
from infra.outbound import Ambiguous, OutboundError, Refused
from schemas.recorded import Recorded
from streams.agent import Agent, Reached, Send

log = structlog.get_logger(__name__)

# A claim outlives the longest call by a margin, so that nobody else starts while a call may still be under way.
CALL_SECONDS = 90.0
LEASE = timedelta(seconds=105)

GREETING = "Dear {recruiter_name},\n\nI would like to come back to the position of {job_title} at {company}."


class Interviews(Protocol):
    """A job's interviews, in the order in which they were agreed, from a read model."""

    async def of_job(self, job_number: int) -> Sequence[Any]: ...


@dataclass(frozen=True, slots=True)
class FollowUpMail:
    """Claims a follow-up that came due, looks whether it went, mails it, and records what came of it.

    It goes to whoever led the latest interview, else to the person themselves at `own_address`.
    """

    streams: Streams
    interviews: Interviews
    reached: Reached
    mail: Provider
    clock: Clock
    sender: str
    own_address: str
    worker: str

    def agent(self) -> Agent:
        agent = Agent("follow_up_mail", contexts=("applications",))
        agent.on("FollowUpBecameDue")(self.became_due)
        agent.on("FollowUpMailRequested")(self.mail_it)
        return agent

    async def became_due(self, event: Recorded, send: Send) -> None:
        if event["send_automatically"]:
            await self.mail_it(event, send)

    async def mail_it(self, event: Recorded, send: Send) -> None:
        """At most one claim per event. After a crash the claim's lease runs out, and its deadline asks again."""
        id, number = event.stream_id, event["number"]
        # Before the claim: its lease must not run out while a read model lags.
        await self.reached(event.position)
        # Whoever takes over a claim cannot know how far the one before got.
        interrupted = (await self.streams.read(FollowUp, id)).lease_until is not None
        try:
            claim = await send(ClaimFollowUpMail(number, self.worker, LEASE), id)
        except (MailBusy, FollowUpOver) as reason:
            log.info("follow-up needs no mail", number=number, reason=type(reason).__name__)
            return
        if not claim.duplicate:
            await self._attempt(await self.streams.read(FollowUp, id), claim.result, interrupted, send)

    async def _attempt(self, follow_up: FollowUp, attempt: int, interrupted: bool, send: Send) -> None:
        letter = await self._letter(follow_up)
        try:
            async with asyncio.timeout(CALL_SECONDS):
                await self._hand_over(letter, interrupted)
        except (OutboundError, TimeoutError) as error:
            # What may have gone is not sent again: a company that hears twice has heard once too often.
            final = isinstance(error, Refused | Ambiguous | TimeoutError)
            await send(RecordFollowUpMailFailure(follow_up.number, attempt, _told(error), final), follow_up.id)
            return
        await send(RecordFollowUpSent(follow_up.number, by_mail=True), follow_up.id)

    async def _hand_over(self, letter: Letter, interrupted: bool) -> None:
        """Raises `Ambiguous` when an earlier attempt may have got through and the provider cannot tell."""
        went = await self.mail.sent(letter.id)
        if went is None and interrupted:
            raise Ambiguous(f"{self.mail.name}: an earlier attempt was interrupted and may have got through")
        if not went:
            await self.mail.send(letter)

    async def _letter(self, follow_up: FollowUp) -> Letter:
        to, name = await self._recipient(follow_up)
        about = {"job_title": follow_up.title, "company": follow_up.company, "recruiter_name": name}
        return Letter(
            id=follow_up.id,
            sender=self.sender,
            to=to,
            subject=f"Following up: {follow_up.title} at {follow_up.company}",
            text=filled(follow_up.template or usual_text(follow_up.kind), about),
            written_at=self.clock.now(),
        )

    async def _recipient(self, follow_up: FollowUp) -> tuple[str, str]:
        for interview in reversed(await self.interviews.of_job(follow_up.job_number)):
            if interview["interviewer_email"] and interview["outcome"] != InterviewOutcome.CANCELLED:
                return interview["interviewer_email"], interview["interviewer_name"] or "hiring team"
        return self.own_address, "hiring team"


def usual_text(kind: str) -> str:
    """The text of a follow-up that brings none of its own."""
    steps = (step for sequence in SEQUENCES.values() for step in sequence)
    return next((step.template for step in steps if step.kind == kind), GREETING)


def _told(error: Exception) -> str:
    """What is recorded of a failure: providers' errors name no person."""
    if isinstance(error, Ambiguous | TimeoutError):
        said = str(error) or "the mail server did not answer in time"
        return f"{said}; it is not sent again by itself: send it by hand, or mark it as sent"
    return str(error)
