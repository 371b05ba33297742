"""What connected clients are told, in the order of the log, and kept for those who come back."""
