"""What flows: feeds, the relay into Kafka, agents and their runner, deadlines."""
