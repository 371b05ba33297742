"""What events say when a test does not care, and the ids that tests speak of."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from tests import samples_of_applications as applications
from tests import samples_of_calendar as calendar

NOW, TENANT = applications.NOW, applications.TENANT
COMPANY = UUID("0192f0c1-0000-7000-8000-0000000000c1")
RECEIVER = UUID("0192f0c1-0000-7000-8000-0000000000c2")
TECHNICIAN = UUID("0192f0c1-0000-7000-8000-0000000000d1")
JOB = UUID("0192f0c1-0000-7000-8000-0000000000b1")
ROUTING = UUID("0192f0c1-0000-7000-8000-0000000000a1")
ANNOUNCEMENT = UUID("0192f0c1-0000-7000-8000-0000000000e1")

STREAMS: Mapping[str, UUID] = {
    "Company": COMPANY,
    "Technician": TECHNICIAN,
    "ServiceJob": JOB,
    "Routing": ROUTING,
    "Announcement": ANNOUNCEMENT,
    **applications.STREAMS,
    **calendar.STREAMS,
}

PAYLOADS: Mapping[str, Mapping[str, Any]] = {
    **applications.PAYLOADS,
    **calendar.PAYLOADS,
    "CompanyRegistered": {
        "name": "Buckeye Plumbing",
        "provider_type": "mock",
        "skills": {"plumbing": "expert"},
        "categories": ["plumbing"],
        "states": ["OH"],
        "zip_prefixes": ["410"],
        "active": True,
        "credentials_ref": None,
    },
    "CompanyUpdated": {"changed": []},
    "TechnicianRegistered": {
        "company_id": COMPANY,
        "name": "Ada Pipe",
        "email": "ada@buckeye.example",
        "phone": "(555) 000-1111",
        "skills": {"plumbing": "expert"},
    },
    "ServiceJobCreated": {
        "summary": "Kitchen faucet replacement needed urgently",
        "street": "123 Main Street",
        "city": "Anytown",
        "state": "CA",
        "zip_code": "90210",
        "homeowner_name": "John Doe",
        "homeowner_phone": "(555) 123-4567",
        "homeowner_email": "john.doe@email.com",
        "company_id": COMPANY,
        "technician_id": TECHNICIAN,
        "required_skills": ["plumbing"],
        "skill_levels": {"plumbing": "expert"},
        "category": "plumbing",
        "routings": 1,
    },
    "ServiceJobMatched": {"routings": 1},
    "ServiceJobCompleted": {"routing_id": ROUTING, "revenue": Decimal("450.00"), "completed_at": NOW},
    "RoutingCreated": {
        "job_id": JOB,
        "company_id": RECEIVER,
        "matching_score": 4.5,
        "matched_skills": ["plumbing"],
        "provider_type": "mock",
        "algorithm": "skills-1",
        "features": {"skills": 3.0, "levels": 1.0, "category": 0.5},
    },
    "RoutingSyncRequested": {"attempts": 0},
    "RoutingClaimed": {"attempt": 1, "lease_until": NOW + timedelta(seconds=45), "worker": "worker-1"},
    "RoutingSynced": {"external_id": "st-12345", "attempt": 1, "ambiguous": False},
    "RoutingSyncFailed": {
        "error": "mock: no answer",
        "attempt": 1,
        "retry_at": NOW + timedelta(seconds=2),
        "ambiguous": False,
    },
    "RoutingDeadLettered": {"error": "mock: refused", "attempts": 1, "ambiguous": False},
    "RoutingSyncOverdue": {"attempts": 1},
    "RoutingReconciliationRequested": {"external_id": "st-12345"},
    "RoutingReconciled": {"removed": []},
    "RoutingCompleted": {"revenue": Decimal("450.00"), "completed_at": NOW},
    "Announced": {"message": "System maintenance in 5 minutes", "channel": "system", "severity": "warning"},
    "SubjectErased": {"subject_id": JOB, "reason": "asked to be forgotten"},
}
