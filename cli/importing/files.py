"""Rows of CSV, JSON and JSON Lines files, one after another: a file of any size takes no more memory than a row."""

import csv
import gzip
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import ijson
import orjson

FORMATS = ("csv", "json", "jsonl")
# A description may be long; the library's own limit is 128 KiB.
csv.field_size_limit(1024 * 1024)


class UnknownFormat(Exception):
    """The file's name does not say what is in it."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row by its number from 1: its line in CSV and JSON Lines, its place in the list in JSON.

    `problem` says why it could not be read; `values` is then what there is of it.
    """

    number: int
    values: Any
    problem: str | None = None


@dataclass(slots=True)
class Source:
    """An open file. `done` of `size` bytes have been read."""

    raw: BinaryIO
    size: int
    format: str
    compressed: bool

    @property
    def done(self) -> int:
        return self.raw.tell()

    def rows(self) -> Iterator[Row]:
        content: BinaryIO = gzip.GzipFile(fileobj=self.raw) if self.compressed else self.raw  # type: ignore[assignment]
        return {"csv": _csv, "json": _json, "jsonl": _json_lines}[self.format](content)


def format_of(path: Path) -> tuple[str, bool]:
    """The format, and whether it is compressed, by the name. Raises `UnknownFormat`."""
    name = path.name.lower()
    bare = name.removesuffix(".gz")
    format = bare.rpartition(".")[2]
    if format not in FORMATS:
        raise UnknownFormat(f"{path.name}: a name ends in .csv, .json or .jsonl, and in .gz after that if compressed")
    return format, bare != name


def opened(path: Path) -> Source:
    """Raises `UnknownFormat`, `OSError`."""
    format, compressed = format_of(path)
    return Source(path.open("rb"), path.stat().st_size, format, compressed)


def _csv(content: BinaryIO) -> Iterator[Row]:
    text = io.TextIOWrapper(content, encoding="utf-8-sig", errors="surrogateescape", newline="")
    try:
        yield from _csv_rows(text)
    finally:
        text.detach()  # it would close the file, which is asked how much of it was read


def _csv_rows(text: io.TextIOWrapper) -> Iterator[Row]:
    reader = csv.reader(text)
    header: list[str] | None = None
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Row(number, None, f"is not CSV: {error}")
            continue
        if header is None:
            header = cells
        elif any(cells):
            yield _row_of(number, header, cells)


def _row_of(number: int, header: list[str], cells: list[str]) -> Row:
    values = dict(zip(header, cells, strict=False))
    if len(cells) > len(header):
        return Row(number, cells, f"has {len(cells)} fields where the header names {len(header)}")
    try:
        "".join(cells).encode()
    except UnicodeEncodeError:
        return Row(number, None, "is not UTF-8")
    return Row(number, values)


def _json_lines(content: BinaryIO) -> Iterator[Row]:
    for number, line in enumerate(content, 1):
        if not line.strip():
            continue
        try:
            yield Row(number, orjson.loads(line))
        except orjson.JSONDecodeError as error:
            yield Row(number, line.decode(errors="replace").rstrip("\n"), f"is not JSON: {error.msg}")


def _json(content: BinaryIO) -> Iterator[Row]:
    """The elements of the file's list, or of the first list that its object has."""
    number = 0
    try:
        for value in _elements(content):
            number += 1
            yield Row(number, value)
    except (ijson.JSONError, UnicodeDecodeError) as error:
        yield Row(number + 1, None, f"is not JSON: {str(error).splitlines()[0]}; nothing after it was read")


def _elements(content: BinaryIO) -> Iterator[Any]:
    events = iter(ijson.parse(content, use_float=True))
    for prefix, event, _ in events:
        if event == "start_array" and "." not in prefix:
            yield from _values(events)
            return


def _values(events: Iterator[tuple[str, str, Any]]) -> Iterator[Any]:
    builder, depth = ijson.ObjectBuilder(), 0
    for _, event, value in events:
        if depth == 0 and event == "end_array":
            return
        builder.event(event, value)
        depth += {"start_map": 1, "start_array": 1, "end_map": -1, "end_array": -1}.get(event, 0)
        if depth == 0:
            yield builder.value
            builder = ijson.ObjectBuilder()
