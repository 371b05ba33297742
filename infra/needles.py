"""Texts that are searched for, in each form in which they may be kept."""

import json
import re
from collections.abc import Collection, Iterator, Sequence
from email import message_from_bytes, policy
from functools import cached_property
from pathlib import Path

import orjson

SHORTEST = 4  # characters: what is shorter is found everywhere
_CHUNK = 1 << 20
_FOLDED = re.compile(rb"\r?\n[ \t]")  # iCalendar's lines, RFC 5545 section 3.1


class Needles:
    """The values, by their place in `values`. Nothing here ever shows one."""

    def __init__(self, values: Collection[str]) -> None:
        self.values = sorted(value for value in set(values) if len(value) >= SHORTEST)
        self.too_short = len(set(values)) - len(self.values)

    @property
    def texts(self) -> Sequence[str]:
        return self.values

    @cached_property
    def json(self) -> Sequence[str]:
        """As inside a JSON text that PostgreSQL writes."""
        return [orjson.dumps(value).decode()[1:-1] for value in self.values]

    @cached_property
    def ascii(self) -> Sequence[str]:
        """As inside a JSON text of Python's own library."""
        return [json.dumps(value)[1:-1] for value in self.values]

    def found(self, data: bytes) -> set[int]:
        """Which of them are in these bytes."""
        return {self._number[match[0]] for match in self._pattern.finditer(data)} if self.values else set()

    @cached_property
    def _number(self) -> dict[bytes, int]:
        forms = (self.texts, self.json, self.ascii)
        return {form.encode(): number for each in forms for number, form in enumerate(each)}

    @cached_property
    def _pattern(self) -> "re.Pattern[bytes]":
        # The longest first, or a part of it would be taken for all.
        return re.compile(b"|".join(re.escape(form) for form in sorted(self._number, key=len, reverse=True)))


def files(folder: Path, besides: Collection[Path]) -> Iterator[Path]:
    """All files below a folder, except below or at these paths."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path in besides or path.is_symlink():
            continue
        if path.is_dir():
            yield from files(path, besides)
        elif path.is_file():
            yield path


def in_file(path: Path, needles: Needles) -> set[int]:
    """Which of them are in a file, in mails and calendars also where their formats hide them. Raises `OSError`."""
    match path.suffix:
        case ".eml":
            return needles.found(path.read_bytes()) | needles.found(_mail_text(path).encode())
        case ".ics":
            unfolded = _FOLDED.sub(b"", path.read_bytes())
            return needles.found(unfolded) | needles.found(re.sub(rb"\\([,;\\])", rb"\1", unfolded))
    return _in_chunks(path, needles)


def _in_chunks(path: Path, needles: Needles) -> set[int]:
    found: set[int] = set()
    overlap = 12 * max((len(value) for value in needles.values), default=0)
    with path.open("rb") as file:
        tail = b""
        while chunk := file.read(_CHUNK):
            found |= needles.found(tail + chunk)
            tail = chunk[-overlap:] if overlap else b""
    return found


def _mail_text(path: Path) -> str:
    mail = message_from_bytes(path.read_bytes(), policy=policy.default)
    parts = [str(value) for value in mail.values()]
    parts += [part.get_content() for part in mail.walk() if part.get_content_maintype() == "text"]
    return "\n".join(parts)
