"""Which postings are the same one: a person who takes it down again, or imports a file again, adds nothing."""

from uuid import UUID, uuid5

_SEPARATOR = "\x1f"


def posting_id(
    person: UUID,
    source: str | None,
    reference: str | None,
    url: str | None,
    company: str,
    title: str,
    location: str | None,
    description: str | None,
) -> UUID:
    """The same for the same posting of a person: by its source's own reference, else its address, else what it says."""
    if reference:
        told = ["reference", source or "", reference]
    elif url:
        told = ["url", url]
    else:
        told = ["text", company, title, location or "", description or ""]
    return uuid5(person, _SEPARATOR.join(told))
