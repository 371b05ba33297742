"""The predefined sequences of follow-ups: which steps, how many days after, with which texts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from domain.applications.statuses import FollowUpKind, Status

HOUR = time(9, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Step:
    """`only_without_response`: it does not come due once the company has responded."""

    day: int
    kind: FollowUpKind
    template: str
    only_without_response: bool = False

    def due_at(self, since: datetime) -> datetime:
        """Its day, at 09:00 UTC."""
        return datetime.combine(since.astimezone(UTC).date() + timedelta(days=self.day), HOUR)


POST_APPLICATION, POST_INTERVIEW, OFFER_PENDING = "post_application", "post_interview", "offer_pending"

SEQUENCES: Mapping[str, Sequence[Step]] = {
    POST_APPLICATION: (
        Step(
            3,
            FollowUpKind.POST_APPLICATION,
            "Dear {recruiter_name},\n\nI applied for the position of {job_title} at {company} a few days ago and "
            "remain very interested in it. Is there anything else that you would like to know?",
        ),
        Step(
            7,
            FollowUpKind.SECOND_FOLLOWUP,
            "Dear {recruiter_name},\n\nmay I ask how my application for the position of {job_title} at {company} "
            "stands? I would be glad to tell you more in a conversation.",
        ),
        Step(
            14,
            FollowUpKind.FINAL_FOLLOWUP,
            "Dear {recruiter_name},\n\nI applied for the position of {job_title} at {company} two weeks ago. Should "
            "it be filled by now, I would be grateful for a short word; otherwise I am still interested.",
        ),
    ),
    POST_INTERVIEW: (
        Step(
            1,
            FollowUpKind.POST_INTERVIEW,
            "Dear {recruiter_name},\n\nthank you for the conversation about the position of {job_title} at {company}. "
            "It has made me want to work with you even more.",
        ),
        Step(
            3,
            FollowUpKind.POST_INTERVIEW,
            "Dear {recruiter_name},\n\nmay I ask how things stand after our conversation about the position of "
            "{job_title} at {company}?",
            only_without_response=True,
        ),
    ),
    OFFER_PENDING: (
        Step(
            3,
            FollowUpKind.OFFER_RESPONSE,
            "Dear {recruiter_name},\n\nthank you again for the offer of the position of {job_title} at {company}. "
            "By when do you need my decision?",
        ),
        Step(
            5,
            FollowUpKind.OFFER_RESPONSE,
            "Dear {recruiter_name},\n\nI am about to decide on your offer of the position of {job_title} at {company} "
            "and will let you know shortly.",
        ),
    ),
}

# Which sequence a status sets going.
OF_STATUS: Mapping[Status, str] = {Status.APPLIED: POST_APPLICATION, Status.INTERVIEWING: POST_INTERVIEW}


def filled(template: str, variables: Mapping[str, str]) -> str:
    """The text with `{name}` replaced where the name is known; whatever else stands in braces stays."""
    for name, value in variables.items():
        template = template.replace(f"{{{name}}}", value)
    return template
