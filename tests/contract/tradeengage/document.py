"""TradeEngage's published examples."""

from collections.abc import Mapping
from typing import Any

ADDRESS = {"street": "123 Main Street", "city": "Anytown", "state": "CA", "zip_code": "90210"}
HOMEOWNER = {"name": "John Doe", "phone": "(555) 123-4567", "email": "john.doe@email.com"}
NEW_JOB: Mapping[str, Any] = {
    "summary": "Kitchen faucet replacement needed urgently",
    "address": ADDRESS,
    "homeowner": HOMEOWNER,
    "created_by_company_id": "uuid-of-requesting-company",
    "created_by_technician_id": "uuid-of-identifying-technician",
    "required_skills": ["plumbing", "electrical"],
    "skill_levels": {"plumbing": "expert", "electrical": "intermediate"},
    "category": "plumbing",
}
SECOND_JOB: Mapping[str, Any] = {
    "summary": "Fix leaky kitchen faucet",
    "address": {"street": "456 Oak Avenue", "city": "Springfield", "state": "IL", "zip_code": "62701"},
    "homeowner": {"name": "Jane Smith", "phone": "(555) 987-6543", "email": "jane.smith@email.com"},
    "required_skills": ["plumbing"],
    "skill_levels": {"plumbing": "expert"},
    "category": "plumbing",
}
JOB: Mapping[str, Any] = {
    "id": "job-uuid-here",
    "summary": "Kitchen faucet replacement needed urgently",
    "address": ADDRESS,
    "homeowner": HOMEOWNER,
    "created_by_company_id": "uuid-of-requesting-company",
    "created_by_technician_id": "uuid-of-identifying-technician",
    "status": "pending",
    "revenue": None,
    "completed_at": None,
    "created_at": "2025-08-27T16:00:00Z",
    "updated_at": "2025-08-27T16:00:00Z",
}
COMPLETED_JOB: Mapping[str, Any] = {
    **JOB,
    "status": "completed",
    "revenue": 450.0,
    "completed_at": "2025-08-27T18:00:00Z",
}
SYNCED: Mapping[str, Any] = {
    "id": "routing-uuid-1",
    "job_id": "job-uuid-here",
    "company_id_received": "company-uuid-1",
    "external_id": "st-12345",
    "sync_status": "synced",
    "retry_count": 0,
    "last_sync_attempt": "2025-08-27T16:01:00Z",
    "last_synced_at": "2025-08-27T16:01:00Z",
    "error_message": None,
    "created_at": "2025-08-27T16:00:00Z",
    "updated_at": "2025-08-27T16:01:00Z",
}
PENDING: Mapping[str, Any] = {
    **SYNCED,
    "external_id": None,
    "sync_status": "pending",
    "last_sync_attempt": None,
    "last_synced_at": None,
}
HEALTH = {"status": "healthy", "timestamp": "2025-08-27T16:00:00Z", "version": "1.0.0"}
DETAILED_HEALTH: Mapping[str, Any] = {
    **HEALTH,
    "components": {
        "database": {"status": "healthy", "response_time": "15ms"},
        "redis": {"status": "healthy", "response_time": "2ms"},
        "external_apis": {"status": "healthy", "providers": {"servicetitan": "healthy", "mock": "healthy"}},
    },
}
READY = {"status": "ready", "timestamp": "2025-08-27T16:00:00Z"}
ALIVE = {"status": "alive", "timestamp": "2025-08-27T16:00:00Z"}
ERROR = {"detail": "Error message description", "error_code": "ERROR_CODE", "timestamp": "2025-08-27T16:00:00Z"}
