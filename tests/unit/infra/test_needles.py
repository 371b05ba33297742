"""A text is found in each form in which it may be kept."""

import json
from email.message import EmailMessage
from pathlib import Path

import orjson
import pytest

from infra.needles import Needles, files, in_file

VALUES = ("Zoë O'Hara", 'the "blue" door\nbehind the shed', "Rose Lane; 17, left", "Rose Lane")
NEEDLES = Needles([*VALUES, "abc"])


def mail(text: str, encoding: str) -> bytes:
    made = EmailMessage()
    made["To"] = "somebody@example.org"
    made.set_content(text, cte=encoding)
    return bytes(made)


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("kept", [str.encode, orjson.dumps, lambda value: json.dumps(value).encode()])
def test_a_value_is_found_as_plain_text_and_in_both_ways_of_writing_json(value: str, kept: object) -> None:
    found = NEEDLES.found(b"before " + kept(value) + b" after")  # type: ignore[operator]
    assert NEEDLES.values.index(value) in found


def test_what_is_too_short_is_counted_and_not_searched_for() -> None:
    assert (len(NEEDLES.values), NEEDLES.too_short) == (4, 1)
    assert NEEDLES.found(b"abc") == set()


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable"])
def test_a_mail_is_searched_as_it_is_read(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "1.eml"
    path.write_bytes(mail(f"Dear {VALUES[0]}", encoding))
    assert in_file(path, NEEDLES) == {NEEDLES.values.index(VALUES[0])}


def test_a_calendar_is_searched_as_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "feed.ics"
    path.write_bytes(b"BEGIN:VEVENT\r\nLOCATION:Rose La\r\n ne\\; 17\\, left\r\nEND:VEVENT\r\n")
    assert NEEDLES.values.index("Rose Lane; 17, left") in in_file(path, NEEDLES)


def test_a_value_across_two_chunks_of_a_large_file_is_found(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(b"x" * ((1 << 20) - 4) + VALUES[0].encode() + b"x" * 1000)
    assert in_file(path, NEEDLES) == {NEEDLES.values.index(VALUES[0])}


def test_files_are_found_at_any_depth_except_where_it_is_said(tmp_path: Path) -> None:
    for name in ("a", "b/c", "b/d/e", "kafka/f"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = [str(path.relative_to(tmp_path)) for path in files(tmp_path, {tmp_path / "kafka", tmp_path / "b" / "c"})]
    assert found == ["a", "b/d/e"]
