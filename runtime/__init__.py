"""The composition root: what the system is made of, and which parts a role starts."""
