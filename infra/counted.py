"""Counts as people say them."""


def counted(number: int, one: str, several: str | None = None) -> str:
    """`1 event`, `2,000 events`; `several` where more changes than an s."""
    return f"{number:,} {one if number == 1 else several or f'{one}s'}"
