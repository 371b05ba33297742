"""What the system runs on: settings, event store, Kafka, embedded PostgreSQL, outside systems."""
