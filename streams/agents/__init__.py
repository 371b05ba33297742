"""What one event causes elsewhere: one module per thing that is driven."""
