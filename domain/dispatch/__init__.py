"""Contractors who hand work to each other: companies, service jobs, and their routing into PoS systems."""
