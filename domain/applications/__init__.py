"""One person's pursuit of a job: its status, interviews, offers, notes and follow-ups."""
