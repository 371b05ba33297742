"""What is recorded: one Avro schema per event version, the codec, and the registry that serves them."""
