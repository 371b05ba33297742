"""The disk under PostgreSQL fills up under load: commands are refused, and all goes on when there is room again."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from infra.embedded_postgres import EmbeddedPostgres
from tests.fault import proof
from tests.fault.processes.load import load
from tests.fault.processes.program import program
from tests.running import until

MEGABYTE = 1024 * 1024


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of which the rest of the machine notices nothing."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=192m,mode=0755", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"no small file system can be mounted here: {mounted.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture
async def server(small_disk: Path) -> AsyncIterator[EmbeddedPostgres]:
    """Started again should it end: without room for its log PostgreSQL ends rather than lose something."""
    server = EmbeddedPostgres(small_disk / "postgres")
    await server.start()
    keeping = asyncio.create_task(server.keep_running())
    yield server
    keeping.cancel()
    with suppress(asyncio.CancelledError):
        await keeping
    await server.stop()


def fill(disk: Path) -> Path:
    """Take whatever room there is."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (MEGABYTE, 4096):
            with suppress(OSError):
                while True:
                    file.write(bytes(size))
    return filler


@pytest.mark.usefixtures("as_hasty")
async def test_serve_outlasts_a_disk_that_is_full(tmp_path: Path, small_disk: Path, server: EmbeddedPostgres) -> None:
    dsn = server.running_elsewhere()
    assert dsn is not None
    async with program("serve", tmp_path, DATABASE_URL=dsn) as serve:
        await serve.ready()
        async with load(serve.url) as posted:
            await posted.more(20)
            filler = fill(small_disk)

            async def refused() -> bool:
                return bool(posted.refused)

            await until(refused, 90)
            assert (await posted.trade.client.get("/health/live")).status_code == 200
            filler.unlink()
            await posted.more(20, 90)
            await posted.finish()
            assert {answer.status_code for answer in posted.refused} <= {503}
            await proof.settled(dsn)
            await proof.assert_log_sound(dsn, posted.acknowledged.values())
            await proof.assert_once_at_the_providers(dsn)
        assert await serve.stop() == 0, serve.log[-3000:]
    await proof.assert_read_models_are_one_fold(dsn, tmp_path)
