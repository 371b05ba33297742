"""Measurements: ours beside what else one could use, in alternate rounds on one machine."""
