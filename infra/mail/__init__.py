"""Mail: one module per provider, and what they have in common."""
