"""What is refused at start: named, and with an exit status of its own."""

import asyncio
import socket
from pathlib import Path

from tests.fault.processes.program import free_port, outcome


async def test_what_cannot_be_started_so_is_refused_and_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        exposed, bad, unknown, lacking, occupied, unreachable = await asyncio.gather(
            outcome(tmp_path / "exposed", "serve", HOST="0.0.0.0"),
            outcome(tmp_path / "bad", "serve", PORT="eighty"),
            outcome(tmp_path / "unknown", "serve", JOBSTREAM_HOUSE="x"),
            outcome(tmp_path / "lacking", "relay", DATABASE_URL="postgresql://127.0.0.1:9/x"),
            outcome(tmp_path / "occupied", "serve", PORT=port),
            outcome(tmp_path / "away", "serve", PORT=str(free_port()), DATABASE_URL="postgresql://127.0.0.1:9/x"),
        )
    assert exposed[0] == bad[0] == unknown[0] == lacking[0] == 2
    assert "HOST" in exposed[1]
    assert "AUTH=enforced" in exposed[1]
    assert "PORT" in bad[1]
    assert "JOBSTREAM_HOUSE is not a setting; did you mean JOBSTREAM_HOME?" in unknown[1]
    assert "KAFKA_BOOTSTRAP_SERVERS" in lacking[1]
    assert not (tmp_path / "exposed").exists()
    assert occupied[0] == 2
    assert port in occupied[1]
    assert unreachable[0] == 2
    assert "DATABASE_URL" in unreachable[1]
    for _, errors in (exposed, bad, unknown, lacking, occupied, unreachable):
        assert "Traceback" not in errors
