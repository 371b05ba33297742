"""Point-of-sale systems: where a company that received a routing does its daily work."""
