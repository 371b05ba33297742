"""Letters in a folder."""

from pathlib import Path

import pytest

from infra.mail.file import FileMail, kept_letters
from infra.outbound import Outbound, Policy, Unavailable
from tests.integration.mail.conftest import letter


async def test_letters_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    sent = letter()
    await FileMail(tmp_path / "mail").send(sent)
    assert (tmp_path / "mail").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "mail" / f"{sent.id.hex}.eml").stat().st_mode & 0o777 == 0o600


async def test_a_letter_that_is_sent_twice_is_one_file(tmp_path: Path) -> None:
    sent, mail = letter(), FileMail(tmp_path)
    await mail.send(sent)
    await mail.send(sent)
    [kept] = kept_letters(tmp_path)
    assert (kept.id, kept.to, kept.text.strip()) == (sent.id, sent.to, sent.text)


async def test_what_else_lies_in_the_folder_is_no_letter(tmp_path: Path) -> None:
    (tmp_path / "notes.eml").write_text("hello")
    (tmp_path / "notes.txt").write_text("hello")
    assert kept_letters(tmp_path) == []


async def test_a_folder_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("a file where the folder should be")
    mail = FileMail(tmp_path / "mail", Outbound("file mail", Policy(attempts=1)))
    with pytest.raises(Unavailable, match="File exists"):
        await mail.send(letter())
