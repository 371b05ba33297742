"""`jobstream cluster`: what it started ends with it, whatever it ends of."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from infra import postgres_process
from tests.fault.processes.program import Program, program
from tests.running import until


def started_by(running: Program) -> dict[int, str]:
    """Process ids and commands of the roles: they share the port of the one that started them, as nobody else does."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            settings = (entry / "environ").read_bytes().split(b"\0")
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if f"PORT={running.port}".encode() in settings and int(entry.name) != running.pid:
            found[int(entry.name)] = command
    return found


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
async def test_a_cluster_leaves_nothing_running(
    database: str, kafka: str, topic_prefix: str, tmp_path: Path, number: signal.Signals
) -> None:
    given = {"DATABASE_URL": database, "KAFKA_BOOTSTRAP_SERVERS": kafka, "KAFKA_TOPIC_PREFIX": topic_prefix}
    async with program("cluster", tmp_path, module="cli", **given) as cluster:
        await cluster.ready()
        roles = started_by(cluster)
        assert len(roles) >= 4
        assert await cluster.stop(number) == (0 if number is signal.SIGTERM else -signal.SIGKILL)

        async def gone() -> bool:
            return not started_by(cluster)

        try:
            await until(gone, 60)
        except AssertionError:
            assert started_by(cluster) == {}


def test_a_process_that_is_to_end_with_its_launcher_does_not_inherit_that_sigint_is_ignored() -> None:
    """As in a shell's background job."""
    asked = "import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    command = [sys.executable, postgres_process.__file__, str(os.getpid()), "INT", "self", sys.executable, "-c", asked]
    ended = subprocess.run(["sh", "-c", 'trap "" INT; exec "$@"', "sh", *command], capture_output=True, timeout=60)
    assert (ended.stdout, ended.stderr) == (b"True\n", b"")
