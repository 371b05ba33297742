"""`jobstream mail`, over a folder with letters in it."""

import json
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result

from cli.main import main
from infra.mail.file import FileMail
from tests.integration.mail.conftest import letter


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("JOBSTREAM_HOME", str(tmp_path))
    return tmp_path


def mail(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["mail", *arguments])


async def test_letters_are_listed_and_shown(home: Path) -> None:
    sent = letter()
    await FileMail(home / "mail").send(sent)
    assert mail("list").stdout.splitlines() == [
        f"{sent.id.hex}  2026-03-02 09:00  jane.smith@example.com  Following up: Senior Engineer",
        "1 kept",
    ]
    shown = mail("show", sent.id.hex).stdout
    assert "To: jane.smith@example.com\nSubject: Following up: Senior Engineer\n" in shown
    assert sent.text in shown


async def test_scripts_get_json(home: Path) -> None:
    sent = letter()
    await FileMail(home / "mail").send(sent)
    [listed] = json.loads(mail("list", "--json").stdout)
    assert listed == {
        "id": sent.id.hex,
        "written_at": "2026-03-02T09:00:00+00:00",
        "to": sent.to,
        "subject": sent.subject,
    }
    assert json.loads(mail("show", "--json", sent.id.hex).stdout)["text"].strip() == sent.text


async def test_a_letter_cannot_command_the_terminal(home: Path) -> None:
    sent = letter(subject="\x1b[31mred", text="\x1b]0;title\x07 plain")
    await FileMail(home / "mail").send(sent)
    assert "\x1b" not in mail("list").stdout + mail("show", sent.id.hex).stdout


def test_a_letter_that_is_not_there_is_told_with_the_remedy(home: Path) -> None:
    missing = mail("show", uuid4().hex)
    assert missing.exit_code == 1
    assert "see: jobstream mail list" in missing.stderr


def test_no_folder_is_no_letters(home: Path) -> None:
    assert mail("list").stdout == "0 kept\n"
