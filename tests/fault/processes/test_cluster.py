"""`jobstream cluster`: what it started ends with it, whatever it ends of."""

import signal
from pathlib import Path

import pytest

from tests.fault.processes.program import Program, program
from tests.running import until


def started_by(running: Program) -> list[int]:
    """Process ids of the roles: they share the port of the one that started them, as nobody else does."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            settings = (entry / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if f"PORT={running.port}".encode() in settings and int(entry.name) != running.pid:
            found.append(int(entry.name))
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

        await until(gone, 40)
