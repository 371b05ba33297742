"""Automation: jobs that somebody looks for, applications to them, and all that follows."""
