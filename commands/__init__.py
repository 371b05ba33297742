"""What may be asked of the system: each frozen command directly above its handler, and the bus that runs them."""
