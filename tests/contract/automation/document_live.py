"""Automation's published examples of the web socket. Every message of ours has `position` beside them."""

from tests.contract.automation.document import Example

CONNECTED: Example = {
    "type": "system.connected",
    "data": {
        "connection_id": "conn_abc123",
        "user_id": "user123",
        "channels": ["jobs", "applications"],
        "message": "Connected to WebSocket server",
    },
    "timestamp": "2025-11-14T15:00:00Z",
}
SUBSCRIBED: Example = {
    "type": "system.subscribed",
    "data": {"channel": "interviews", "subscriber_count": 5},
    "timestamp": "2025-11-14T15:01:00Z",
}
JOB_CREATED: Example = {
    "type": "job.created",
    "data": {"job_id": 42, "company": "Google", "job_title": "Senior Software Engineer"},
    "timestamp": "2025-11-14T15:00:00Z",
}
STATUS_CHANGED: Example = {
    "type": "application.status_changed",
    "data": {"job_id": 42, "old_status": "applied", "new_status": "interviewing"},
    "timestamp": "2025-11-14T15:05:00Z",
}
INTERVIEW_SCHEDULED: Example = {
    "type": "interview.scheduled",
    "data": {"job_id": 42, "interview_type": "technical", "scheduled_date": "2025-11-15T14:00:00Z"},
    "timestamp": "2025-11-14T15:15:00Z",
}
FOLLOWUP_DUE: Example = {
    "type": "followup.due",
    "data": {"followup_id": 10, "job_title": "Senior Software Engineer", "company": "Google", "hours_until_due": 2},
    "timestamp": "2025-11-14T15:25:00Z",
}
CONNECTIONS: Example = {
    "total_connections": 15,
    "unique_users": 12,
    "channels": {"jobs": 10, "applications": 8, "recommendations": 5, "interviews": 3},
    "channel_details": [{"channel": "jobs", "subscribers": 10, "last_event": "2025-11-14T15:25:00Z"}],
}
BROADCAST: Example = {"message": "System maintenance in 5 minutes", "channel": "system", "severity": "warning"}
BROADCASTED: Example = {"success": True, "recipients": 15, "channel": "system"}
