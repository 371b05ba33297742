"""What is due when, of all contexts."""
