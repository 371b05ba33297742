"""Which field is wrong and how, in words that do not repeat what the sender wrote."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

# More would bury the first ones; the count says that there are others.
SHOWN = 3
# Keys of free-form objects are the sender's own text: enough to find them, not enough to fill a log.
LONGEST_KEY = 64


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """Where (`body`, `query`, `path` or `header`, then the names down to the field), what, and pydantic's type."""

    location: tuple[str | int, ...]
    message: str
    type: str

    @property
    def path(self) -> str:
        """The field as people write it: `address.state`, `items[2].name`; the place itself when it is no field."""
        if self.type == "json_invalid" or len(self.location) == 1:
            return str(self.location[0]) if self.location else "request"
        names = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.location[1:])
        return names.removeprefix(".")


def field_problems(errors: Iterable[Mapping[str, Any]]) -> tuple[FieldProblem, ...]:
    """pydantic's errors without their `input`, which may be personal."""
    return tuple(
        FieldProblem(tuple(_short(part) for part in error["loc"]), _message(error), str(error["type"]))
        for error in errors
    )


def sentence(fields: tuple[FieldProblem, ...]) -> str:
    """One readable sentence about the first few problems."""
    shown = "; ".join(f"{field.path}: {field.message[:1].lower()}{field.message[1:]}" for field in fields[:SHOWN])
    more = len(fields) - SHOWN
    return f"Invalid input: {shown}" + (f"; and {more} more" if more > 0 else "") + "."


def _short(part: str | int) -> str | int:
    return part if isinstance(part, int) else str(part)[:LONGEST_KEY]


def _message(error: Mapping[str, Any]) -> str:
    message = str(error["msg"]).removeprefix("Value error, ")
    # The address validator goes on to quote parts of the address.
    if message.startswith("value is not a valid email address"):
        return "value is not a valid email address"
    # This one goes on to quote the character that it did not like.
    if error["type"] == "uuid_parsing":
        return "input should be a valid UUID"
    return message.rstrip(".")
