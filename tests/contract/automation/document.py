"""Automation's published examples. Scores and recommendations, which an analysis gives, are null as yet."""

from collections.abc import Mapping
from typing import Any

Example = Mapping[str, Any]

NEW_JOB: Example = {
    "company": "Google",
    "job_title": "Senior Software Engineer",
    "job_description": "We are looking for...",
    "job_url": "https://careers.google.com/jobs/123",
    "location": "Mountain View, CA",
    "salary_min": 150000,
    "salary_max": 220000,
    "source": "linkedin",
}
CREATED: Example = {
    "id": 1,
    "job_id": "linkedin_123456",
    "company": "Google",
    "job_title": "Senior Software Engineer",
    "job_description": "We are looking for...",
    "job_url": "https://careers.google.com/jobs/123",
    "location": "Mountain View, CA",
    "salary_min": 150000,
    "salary_max": 220000,
    "source": "linkedin",
    "status": "processing",
    "match_score": None,
    "created_at": "2025-11-14T10:30:00Z",
    "updated_at": "2025-11-14T10:30:00Z",
}
JOB: Example = {
    "id": 1,
    "job_id": "linkedin_123456",
    "company": "Google",
    "job_title": "Senior Software Engineer",
    "job_description": "Full description of the role, responsibilities and requirements.",
    "job_url": "https://careers.google.com/jobs/123",
    "location": "Mountain View, CA",
    "salary_min": 150000,
    "salary_max": 220000,
    "source": "linkedin",
    "status": "saved",
    "match_score": None,
    "recommendation": None,
    "created_at": "2025-11-14T10:30:00Z",
    "updated_at": "2025-11-14T10:32:00Z",
}
LIST: Example = {
    "total": 45,
    "jobs": [
        {
            "id": 1,
            "company": "Google",
            "job_title": "Senior Software Engineer",
            "status": "saved",
            "match_score": None,
            "created_at": "2025-11-14T10:30:00Z",
        }
    ],
    "skip": 0,
    "limit": 20,
}
UPDATE: Example = {
    "status": "applied",
    "notes": "Applied via company website",
}
EXTENSION: Example = {
    "company": "Google",
    "jobTitle": "Senior Software Engineer",
    "jobDescription": "We are looking for...",
    "jobUrl": "https://careers.google.com/jobs/123",
    "location": "Mountain View, CA",
    "source": "linkedin",
}
PROCESSED: Example = {
    "success": True,
    "jobId": 1,
    "matchScore": None,
    "message": "Job queued for processing",
    "driveUrl": None,
    "status": "processing",
}
MOVE: Example = {
    "status": "interviewing",
    "notes": "Phone screen scheduled for next Tuesday",
}
MOVED: Example = {
    "job_id": 1,
    "old_status": "applied",
    "new_status": "interviewing",
    "status_changed_at": "2025-11-14T11:00:00Z",
    "event_id": 42,
}
TIMELINE: Example = {
    "job_id": 1,
    "events": [
        {
            "id": 1,
            "event_type": "status_change",
            "from_status": "saved",
            "to_status": "applied",
            "notes": "Applied via company website",
            "created_at": "2025-11-10T09:00:00Z",
        },
        {
            "id": 2,
            "event_type": "interview_scheduled",
            "interview_type": "phone",
            "scheduled_date": "2025-11-15T14:00:00Z",
            "created_at": "2025-11-12T10:30:00Z",
        },
    ],
    "interviews": [
        {
            "id": 1,
            "interview_type": "phone",
            "scheduled_date": "2025-11-15T14:00:00Z",
            "duration_minutes": 60,
            "interviewer_name": "Jane Smith",
            "outcome": None,
            "calendar_event_id": "cal_abc123",
        }
    ],
    "offers": [],
    "notes": [
        {
            "id": 1,
            "note_type": "general",
            "content": "Really excited about this role",
            "created_at": "2025-11-10T09:05:00Z",
        }
    ],
}
NEW_INTERVIEW: Example = {
    "job_id": 1,
    "interview_type": "phone",
    "scheduled_date": "2025-11-15T14:00:00Z",
    "duration_minutes": 60,
    "location": "Zoom - link in email",
    "interviewer_name": "Jane Smith",
    "interviewer_email": "jane@google.com",
    "preparation_notes": "Review system design questions",
}
INTERVIEW: Example = {
    "id": 1,
    "job_id": 1,
    "interview_type": "phone",
    "scheduled_date": "2025-11-15T14:00:00Z",
    "duration_minutes": 60,
    "location": "Zoom - link in email",
    "interviewer_name": "Jane Smith",
    "interviewer_email": "jane@google.com",
    "preparation_notes": "Review system design questions",
    "outcome": None,
    "feedback": None,
    "calendar_event_id": "cal_abc123",
    "created_at": "2025-11-14T11:00:00Z",
}
OUTCOME: Example = {
    "outcome": "passed",
    "feedback": "Great conversation, moving to technical round",
    "preparation_notes": "Ask about team structure",
}
UPCOMING: list[Example] = [
    {
        "id": 1,
        "job_id": 1,
        "company": "Google",
        "job_title": "Senior Software Engineer",
        "interview_type": "phone",
        "scheduled_date": "2025-11-15T14:00:00Z",
        "calendar_event_id": "cal_abc123",
    }
]
NEW_OFFER: Example = {
    "job_id": 1,
    "base_salary": 180000,
    "bonus": 30000,
    "equity": "100000 RSUs over 4 years",
    "other_benefits": "Health insurance, 401k match, unlimited PTO",
    "received_date": "2025-11-20T10:00:00Z",
    "expiration_date": "2025-11-27T17:00:00Z",
    "notes": "Verbal offer received, waiting for written offer",
}
OFFER: Example = {
    "id": 1,
    "job_id": 1,
    "base_salary": 180000,
    "bonus": 30000,
    "equity": "100000 RSUs over 4 years",
    "other_benefits": "Health insurance, 401k match, unlimited PTO",
    "offer_status": "pending",
    "received_date": "2025-11-20T10:00:00Z",
    "expiration_date": "2025-11-27T17:00:00Z",
    "decision_date": None,
    "negotiation_history": [],
    "notes": "Verbal offer received, waiting for written offer",
    "created_at": "2025-11-20T10:05:00Z",
}
ACCEPTANCE: Example = {
    "offer_status": "accepted",
    "decision_date": "2025-11-22T09:00:00Z",
    "notes": "Accepted! Start date is December 1st",
}
NEGOTIATION: Example = {
    "negotiation_type": "counter_offer",
    "requested_changes": "Requesting $190k base and 120k RSUs",
    "employer_response": "Agreed to $185k base",
    "notes": "Successful negotiation on base salary",
}
NEW_NOTE: Example = {
    "job_id": 1,
    "note_type": "communication",
    "content": "Spoke with recruiter, she mentioned team is expanding",
    "is_important": True,
}
NOTE: Example = {
    "id": 1,
    "job_id": 1,
    "note_type": "communication",
    "content": "Spoke with recruiter, she mentioned team is expanding",
    "is_important": True,
    "created_at": "2025-11-14T12:00:00Z",
    "updated_at": "2025-11-14T12:00:00Z",
}
STATISTICS: Example = {
    "total_applications": 45,
    "by_status": {
        "saved": 12,
        "applied": 18,
        "interviewing": 8,
        "offer_received": 3,
        "accepted": 1,
        "rejected": 2,
        "withdrawn": 1,
    },
    "interview_stats": {
        "total_interviews": 15,
        "upcoming": 3,
        "completed": 12,
        "passed": 8,
        "rejected": 4,
    },
    "offer_stats": {
        "total_offers": 3,
        "pending": 2,
        "accepted": 1,
        "declined": 0,
        "average_base_salary": 175000,
    },
    "success_rate": 0.067,
    "average_days_to_offer": 21,
}
NEW_FOLLOW_UP: Example = {
    "job_id": 1,
    "followup_type": "post_application",
    "scheduled_date": "2025-11-17T09:00:00Z",
    "email_template": "Thank you for considering my application...",
    "send_automatically": False,
}
FOLLOW_UP: Example = {
    "id": 1,
    "job_id": 1,
    "followup_type": "post_application",
    "status": "scheduled",
    "scheduled_date": "2025-11-17T09:00:00Z",
    "sent_date": None,
    "email_template": "Thank you for considering my application...",
    "send_automatically": False,
    "created_at": "2025-11-14T12:00:00Z",
}
NEW_SEQUENCE: Example = {
    "job_id": 1,
    "sequence_name": "post_application",
    "variables": {
        "job_title": "Senior Software Engineer",
        "company": "Google",
        "recruiter_name": "Jane Smith",
    },
}
SEQUENCE: Example = {
    "sequence_id": "seq_123",
    "job_id": 1,
    "followups_scheduled": 3,
    "followups": [
        {
            "id": 1,
            "followup_type": "post_application",
            "scheduled_date": "2025-11-13T09:00:00Z",
        },
        {
            "id": 2,
            "followup_type": "second_followup",
            "scheduled_date": "2025-11-17T09:00:00Z",
        },
        {
            "id": 3,
            "followup_type": "final_followup",
            "scheduled_date": "2025-11-24T09:00:00Z",
        },
    ],
}
DUE: Example = {
    "count": 3,
    "followups": [
        {
            "id": 1,
            "job_id": 1,
            "company": "Google",
            "job_title": "Senior Software Engineer",
            "followup_type": "post_application",
            "scheduled_date": "2025-11-14T15:00:00Z",
            "hours_until_due": 3,
        }
    ],
}
SENT: Example = {
    "sent_date": "2025-11-14T14:00:00Z",
    "notes": "Sent via LinkedIn message instead of email",
}
ERROR: Example = {
    "detail": "Job not found",
}
