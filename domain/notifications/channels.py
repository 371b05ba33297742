"""What one may subscribe to, and how grave an announcement is."""

from enum import StrEnum


class Channel(StrEnum):
    JOBS = "jobs"
    APPLICATIONS = "applications"
    INTERVIEWS = "interviews"
    FOLLOW_UPS = "follow_ups"
    RECOMMENDATIONS = "recommendations"
    SKILLS = "skills"
    SYSTEM = "system"  # whoever is connected has it


class Severity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"
