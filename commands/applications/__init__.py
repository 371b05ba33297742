"""Commands of the applications context. Importing it registers all of their handlers."""

from commands.applications.follow_ups import (
    CancelFollowUp,
    CancelFollowUps,
    ClaimFollowUpMail,
    MarkFollowUpDue,
    RecordFollowUpMailFailure,
    RecordFollowUpSent,
    RequestFollowUpMail,
    ScheduleFollowUp,
    ScheduleFollowUpSequence,
)
from commands.applications.interviews import ChangeInterview, ScheduleInterview
from commands.applications.notes import AddNote, ChangeNote
from commands.applications.offers import (
    AcceptOffer,
    ChangeOffer,
    DeclineOffer,
    ExpireOffer,
    NegotiateOffer,
    RecordOffer,
    UndoAcceptance,
)
from commands.applications.statuses import ChangeApplicationStatus, SaveJob, WithdrawOthers

__all__ = [
    "AcceptOffer",
    "AddNote",
    "CancelFollowUp",
    "CancelFollowUps",
    "ChangeApplicationStatus",
    "ChangeInterview",
    "ChangeNote",
    "ChangeOffer",
    "ClaimFollowUpMail",
    "DeclineOffer",
    "ExpireOffer",
    "MarkFollowUpDue",
    "NegotiateOffer",
    "RecordFollowUpMailFailure",
    "RecordFollowUpSent",
    "RecordOffer",
    "RequestFollowUpMail",
    "SaveJob",
    "ScheduleFollowUp",
    "ScheduleFollowUpSequence",
    "ScheduleInterview",
    "UndoAcceptance",
    "WithdrawOthers",
]
