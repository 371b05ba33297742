"""Requests and responses, as the document writes them."""
