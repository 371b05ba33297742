"""Postings of jobs that people may pursue."""
