"""`jobstream calendar connect` against the simulator's sign-in: a subprocess, and somebody with a browser."""

import asyncio
import json
import os
import re
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from cli.main import main
from infra.calendar.google.token import TokenFile
from tests.integration.calendar.conftest import SECRET, Simulator, client_of, entry, google_at
from tests.integration.pos.conftest import Time


async def begin(client: Path) -> tuple[Process, str]:
    """The command under way, and the address that it says to open."""
    environment = os.environ | {"GOOGLE_CALENDAR_CREDENTIALS": str(client), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "cli", "calendar", "connect", "--no-browser"]
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=PIPE, stderr=PIPE)
    assert process.stdout is not None
    async with asyncio.timeout(60):
        while (line := await process.stdout.readline()) and b"http://" not in line:
            pass
    found = re.search(rb"http://\S+", line)
    assert found, line
    return process, found[0].decode()


async def test_leave_given_in_a_browser_connects_the_account(simulator: Simulator, client_file: Path) -> None:
    client_file.parent.mkdir()
    client_file.write_text(json.dumps(client_of(simulator.url)))
    process, address = await begin(client_file)
    async with httpx.AsyncClient(follow_redirects=True, trust_env=False) as browser:
        assert (await browser.get(address)).status_code == 200
    async with asyncio.timeout(60):
        told, errors = await process.communicate()
    assert process.returncode == 0, errors
    assert b"Connected" in told
    assert SECRET.encode() not in told + errors
    token = TokenFile(client_file).path
    assert token.stat().st_mode & 0o777 == 0o600
    assert json.loads(token.read_text())["refresh_token"]
    async with google_at(simulator.api, client_file, Time()) as provider:
        assert (await provider.put(entry(), None)).revision == 1


async def test_leave_that_is_not_given_is_told_and_leaves_no_token(simulator: Simulator, client_file: Path) -> None:
    client_file.parent.mkdir()
    client_file.write_text(json.dumps(client_of(simulator.url)))
    process, address = await begin(client_file)
    asked = httpx.URL(address).params
    async with httpx.AsyncClient(trust_env=False) as browser:
        await browser.get(asked["redirect_uri"], params={"error": "access_denied", "state": asked["state"]})
    async with asyncio.timeout(60):
        _, errors = await process.communicate()
    assert process.returncode == 1
    assert b"leave was not given" in errors
    assert not TokenFile(client_file).path.exists()


@pytest.mark.parametrize(("content", "told"), [(None, "is missing"), ("{}", "is no OAuth"), ("[", "is no OAuth")])
def test_a_file_that_is_no_client_is_named_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None, told: str
) -> None:
    client = tmp_path / "client.json"
    if content is not None:
        client.write_text(content)
    monkeypatch.setenv("GOOGLE_CALENDAR_CREDENTIALS", str(client))
    answer = CliRunner().invoke(main, ["calendar", "connect"])
    assert answer.exit_code == 2
    assert str(client) in answer.stderr
    assert told in answer.stderr
