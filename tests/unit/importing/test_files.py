"""Files are read row by row, and what cannot be read is told by its number."""

import gzip
from pathlib import Path
from typing import Any

import orjson
import pytest

from cli.importing.files import Row, Source, UnknownFormat, format_of, opened


def rows(folder: Path, name: str, content: bytes) -> list[Row]:
    path = folder / name
    path.write_bytes(content)
    source = opened(path)
    found = list(source.rows())
    assert 0 < source.done <= source.size
    return found


def values(found: list[Row]) -> list[Any]:
    assert all(row.problem is None for row in found), found
    return [row.values for row in found]


def test_rows_of_csv_are_named_by_the_header_and_numbered_by_their_line(tmp_path: Path) -> None:
    found = rows(tmp_path, "a.csv", b'\xef\xbb\xbfcompany,title\r\nAcme,"Cook,\nChef"\r\n\r\nBolt,Smith\r\n')
    assert values(found) == [{"company": "Acme", "title": "Cook,\nChef"}, {"company": "Bolt", "title": "Smith"}]
    assert [row.number for row in found] == [2, 5]


def test_a_row_of_csv_may_be_shorter_than_its_header_but_not_longer(tmp_path: Path) -> None:
    short, long = rows(tmp_path, "a.csv", b"company,title\nAcme\nBolt,Smith,x\n")
    assert short.values == {"company": "Acme"}
    assert (long.number, long.problem) == (3, "has 3 fields where the header names 2")


def test_a_line_in_another_encoding_or_a_monstrous_one_stops_no_other(tmp_path: Path) -> None:
    big = b"x" * (2 * 1024 * 1024)
    found = rows(tmp_path, "a.csv", b"company,title\nCaf\xe9,Cook\n" + big + b",Cook\nAcme,Cook\n")
    assert [row.problem and row.problem[:10] for row in found] == ["is not UTF", "is not CSV", None]
    assert found[-1].values == {"company": "Acme", "title": "Cook"}


def test_a_bad_line_of_json_lines_stops_no_other(tmp_path: Path) -> None:
    found = rows(tmp_path, "a.jsonl", b'{"a": 1}\n\n{"a": \n{"a": 3}')
    assert [(row.number, row.values) for row in found] == [(1, {"a": 1}), (3, '{"a": '), (4, {"a": 3})]
    assert str(found[1].problem).startswith("is not JSON: ")


@pytest.mark.parametrize(
    "around",
    [b"%s", b'{"jobs": %s}', b'{"meta": {"tags": [1, 2], "n": 1}, "jobs": %s, "more": [3]}'],
)
def test_elements_are_those_of_the_first_list_of_a_json_file(tmp_path: Path, around: bytes) -> None:
    found = rows(tmp_path, "a.json", around % b'[{"a": {"b": [1, 2.5]}}, "text", [1], {"a": null}]')
    assert values(found) == [{"a": {"b": [1, 2.5]}}, "text", [1], {"a": None}]
    assert [row.number for row in found] == [1, 2, 3, 4]


@pytest.mark.parametrize("end", [b"", b'{"a": ', b"}", b"nonsense"])
def test_a_json_file_that_breaks_off_gives_what_comes_before(tmp_path: Path, end: bytes) -> None:
    *good, last = rows(tmp_path, "a.json", b'[{"a": 1}, {"a": 2}, ' + end)
    assert values(good) == [{"a": 1}, {"a": 2}]
    assert (last.number, str(last.problem)[:13]) == (3, "is not JSON: ")
    assert str(last.problem).endswith("nothing after it was read")


def test_a_json_file_without_a_list_has_no_rows(tmp_path: Path) -> None:
    assert rows(tmp_path, "a.json", b'{"a": {"b": [1]}}') == []


@pytest.mark.parametrize("name", ["a.csv.gz", "a.jsonl.gz", "A.JSON.GZ"])
def test_compressed_files_are_read_as_they_are(tmp_path: Path, name: str) -> None:
    texts = {"csv": b"a\n1\n", "jsonl": b'{"a": "1"}\n', "json": b'[{"a": "1"}]'}
    [row] = rows(tmp_path, name, gzip.compress(texts[format_of(Path(name))[0]]))
    assert row.values == {"a": "1"}


def test_a_file_whose_name_says_nothing_is_refused() -> None:
    with pytest.raises(UnknownFormat, match=r"jobs\.xlsx: a name ends in \.csv"):
        format_of(Path("jobs.xlsx"))


def test_a_file_is_not_held_in_memory(tmp_path: Path) -> None:
    class Endless:
        """A list that never ends."""

        chunks = 0

        def read(self, size: int = -1) -> bytes:
            assert size >= 0, "read to the end"
            if size == 0:  # asked what kind of file it is
                return b""
            self.chunks += 1
            return b"[" * (self.chunks == 1) + b'{"a": 1},' * 100

    source = Source(Endless(), 0, "json", False)  # type: ignore[arg-type]
    found = source.rows()
    assert [next(found).number for _ in range(5000)][-1] == 5000


def test_numbers_stay_numbers(tmp_path: Path) -> None:
    [value] = values(rows(tmp_path, "a.json", orjson.dumps([{"whole": 150000, "part": 1.5}])))
    assert (type(value["whole"]), type(value["part"])) == (int, float)
