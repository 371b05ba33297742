"""Automation's published examples of the calendar."""

from tests.contract.automation.document import Example

NEW_EVENT: Example = {
    "job_id": 1,
    "interview_type": "technical",
    "start_time": "2026-11-15T14:00:00Z",
    "duration_minutes": 90,
    "location": "Zoom - https://zoom.us/j/123456789",
    "interviewer_email": "interviewer@company.com",
    "notes": "Technical round - system design focus",
}
EVENT: Example = {
    "event_id": "cal_abc123",
    "summary": "Technical Interview: Senior Software Engineer at Google",
    "start_time": "2026-11-15T14:00:00Z",
    "end_time": "2026-11-15T15:30:00Z",
    "location": "Zoom - https://zoom.us/j/123456789",
    "calendar_link": "https://calendar.google.com/calendar/event?eid=Y2FsX2FiYzEyMw",
    "reminders": [
        {"method": "popup", "minutes": 1440},
        {"method": "popup", "minutes": 60},
        {"method": "popup", "minutes": 15},
    ],
    "created_at": "2025-11-14T10:00:00Z",
}
NEW_FOLLOW_UP: Example = {
    "job_id": 1,
    "follow_up_type": "post_application",
    "reminder_time": "2026-11-17T09:00:00Z",
    "notes": "Follow up on application status",
}
FOLLOW_UP: Example = {
    "event_id": "cal_def456",
    "summary": "Follow-up: Senior Software Engineer at Google",
    "start_time": "2026-11-17T09:00:00Z",
    "end_time": "2026-11-17T09:30:00Z",
    "calendar_link": "https://calendar.google.com/calendar/event?eid=Y2FsX2FiYzEyMw",
    "reminders": [{"method": "popup", "minutes": 1440}, {"method": "popup", "minutes": 60}],
}
NEW_DEADLINE: Example = {
    "job_id": 1,
    "deadline": "2026-11-20",
    "job_url": "https://careers.google.com/jobs/123",
}
DEADLINE: Example = {
    "event_id": "cal_ghi789",
    "summary": "Application Deadline: Senior Software Engineer at Google",
    "date": "2026-11-20",
    "all_day": True,
    "calendar_link": "https://calendar.google.com/calendar/event?eid=Y2FsX2FiYzEyMw",
    "reminders": [
        {"method": "popup", "minutes": 4320},
        {"method": "popup", "minutes": 1440},
        {"method": "popup", "minutes": 180},
    ],
}
UPCOMING: Example = {
    "events": [
        {
            "event_id": "cal_abc123",
            "summary": "Technical Interview: Senior Software Engineer at Google",
            "start_time": "2026-11-15T14:00:00Z",
            "event_type": "interview",
            "job_id": 1,
            "company": "Google",
        }
    ]
}
