"""What may happen: aggregates, their events, statuses and pure policies."""
