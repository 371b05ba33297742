"""Who is known to the system, and what happens when they ask to be forgotten."""
