"""The committed list of schema ids: every stored event names its writer's schema by one of them.

One line a schema, `<id> <context>.<Event>.v<version> <fingerprint>`, ids counting from 1. Lines are only ever added at
the end: an id that changed its meaning would make stored bytes unreadable.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
LIST = "ids.txt"

_VERSION = r"(?P<event>[A-Za-z][A-Za-z0-9]*)\.v(?P<version>[1-9]\d*)"
_LINE = re.compile(rf"(?P<id>[1-9]\d*) (?P<context>[a-z]+)\.{_VERSION} (?P<hash>[0-9a-f]{{64}})")
_FILE = re.compile(rf"{_VERSION}\.avsc")


class BadSchemaList(Exception):
    """The list of ids, or a schema file beside it, is not what it must be. The message names each."""


@dataclass(frozen=True, slots=True, order=True)
class Listed:
    """One schema of the list: the bytes of the events that it wrote begin with its `id`."""

    id: int
    context: str
    event: str
    version: int
    fingerprint: str

    @property
    def type(self) -> str:
        """The event type, e.g. `dispatch.RoutingSynced`."""
        return f"{self.context}.{self.event}"

    @property
    def file(self) -> str:
        return f"{self.context}/{self.event}.v{self.version}.avsc"

    def __str__(self) -> str:
        return f"{self.id} {self.type}.v{self.version} {self.fingerprint}"


def fingerprint(schema: Any) -> str:
    """SHA-256 (64 hexadecimal digits) over everything a schema says but its `doc`, whose wording may be mended."""
    return hashlib.sha256(json.dumps(_undocumented(schema), sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _undocumented(schema: Any) -> Any:
    if isinstance(schema, dict):
        kept = {key: value for key, value in schema.items() if key != "doc"}
        return {key: value if key == "default" else _undocumented(value) for key, value in kept.items()}
    if isinstance(schema, list):
        return [_undocumented(part) for part in schema]
    return schema


def read_list(folder: Path = FOLDER) -> tuple[Listed, ...]:
    """The listed schemas in the order of their ids. Raises `BadSchemaList`."""
    return parse_list((folder / LIST).read_text())


def parse_list(text: str) -> tuple[Listed, ...]:
    """The schemas of a list's text. Raises `BadSchemaList` for a bad line, and when ids do not count 1, 2, 3, …"""
    listed = tuple(_parse_line(line) for line in text.splitlines())
    if [schema.id for schema in listed] != list(range(1, len(listed) + 1)):
        raise BadSchemaList("schema ids must count 1, 2, 3, … without a gap: a line was removed or moved")
    names = [(schema.type, schema.version) for schema in listed]
    if len(set(names)) != len(names):
        raise BadSchemaList("a schema is listed twice")
    return listed


def _parse_line(line: str) -> Listed:
    match = _LINE.fullmatch(line)
    if match is None:
        raise BadSchemaList(f"not a line of schema ids: {line!r}")
    return Listed(int(match["id"]), match["context"], match["event"], int(match["version"]), match["hash"])


def check_append_only(before: str, after: str) -> None:
    """Raises `BadSchemaList` unless the list's text `after` is `before` with, at most, lines added at its end."""
    old, new = parse_list(before), parse_list(after)
    for was, now in zip(old, new, strict=False):
        if was != now:
            raise BadSchemaList(f"schema id {was.id} meant {was} and was changed to {now}")
    if len(new) < len(old):
        raise BadSchemaList(f"schema id {old[len(new)].id} was removed")


def check_files(folder: Path = FOLDER) -> None:
    """Raises `BadSchemaList` naming the schema files that are missing, not listed, or changed since."""
    listed = {schema.file: schema for schema in read_list(folder)}
    found = {_name(path): path for path in folder.glob("*/*.avsc")}
    problems = [f"{file} is listed and not there" for file in sorted(listed.keys() - found.keys())]
    problems += [f"{file} is not listed" for file in sorted(found.keys() - listed.keys())]
    for file in sorted(listed.keys() & found.keys()):
        if fingerprint(json.loads(found[file].read_text())) != listed[file].fingerprint:
            problems.append(f"{file} was changed after it got its id; write a new version instead")
    if problems:
        raise BadSchemaList("; ".join(problems))


def add_new(folder: Path = FOLDER) -> tuple[Listed, ...]:
    """Gives the schema files that have none the next ids, versions of an event in order, and returns them.

    Raises `BadSchemaList` when a file's name is none of a schema, or a version was left out.
    """
    known = read_list(folder) if (folder / LIST).exists() else ()
    files = {schema.file for schema in known}
    fresh = sorted(_describe(path) for path in folder.glob("*/*.avsc") if _name(path) not in files)
    latest = {schema.type: schema.version for schema in known}
    added = []
    for number, (context, event, version, digest) in enumerate(fresh, start=len(known) + 1):
        schema = Listed(number, context, event, version, digest)
        if version != latest.get(schema.type, 0) + 1:
            raise BadSchemaList(f"{schema.file}: version {latest.get(schema.type, 0) + 1} is to come next")
        latest[schema.type] = version
        added.append(schema)
    (folder / LIST).write_text("".join(f"{schema}\n" for schema in (*known, *added)))
    return tuple(added)


def _describe(path: Path) -> tuple[str, str, int, str]:
    match = _FILE.fullmatch(path.name)
    if match is None:
        raise BadSchemaList(f"{_name(path)} must be named <Event>.v<version>.avsc")
    return path.parent.name, match["event"], int(match["version"]), fingerprint(json.loads(path.read_text()))


def _name(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"
