"""What stands in a person's calendar, and its way into one that is kept elsewhere."""
