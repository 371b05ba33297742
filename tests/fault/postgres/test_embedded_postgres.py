import asyncio
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from infra.embedded_postgres import EmbeddedPostgres, FolderInUse, PostgresUnavailable, binaries
from infra.postgres_survivors import survivors
from tests.running import until

_LAUNCHER = """
import asyncio, sys
from pathlib import Path
from infra.embedded_postgres import EmbeddedPostgres
async def main():
    print(await EmbeddedPostgres(Path(sys.argv[1])).start(), flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as somebody else")


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[EmbeddedPostgres]:
    made = EmbeddedPostgres(tmp_path)
    yield made
    await made.stop()


@pytest.fixture
def long_folder(tmp_path: Path) -> Path:
    return tmp_path / ("long" * 30)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


async def _launch(folder: Path) -> tuple[asyncio.subprocess.Process, str]:
    """A process that runs a server on the folder, and the server's DSN."""
    arguments = ("-c", _LAUNCHER, str(folder))
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    return process, (await process.stdout.readline()).decode().strip()


async def _query(dsn: str, query: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


def _server_pid(folder: Path) -> int:
    return int((folder / "data" / "postmaster.pid").read_text().split()[0])


async def _gone(folder: Path) -> None:
    async with asyncio.timeout(60):
        while survivors(folder / "data"):
            await asyncio.sleep(0.01)


async def test_what_was_stored_is_there_after_a_restart(server: EmbeddedPostgres) -> None:
    dsn = await server.start()
    await _query(dsn, "create table kept as select 7 as seven")
    await server.stop()
    assert await _query(await server.start(), "select seven from kept") == 7


async def test_the_server_syncs_to_disk_and_listens_on_no_network_address(server: EmbeddedPostgres) -> None:
    dsn = await server.start()
    assert await _query(dsn, "select current_setting('fsync') || current_setting('listen_addresses')") == "on"
    assert await _query(dsn, "select current_setting('synchronous_commit')") == "on"


async def test_a_folder_of_a_running_server_is_refused_to_others(server: EmbeddedPostgres, tmp_path: Path) -> None:
    await server.start()
    with pytest.raises(FolderInUse, match=str(os.getpid())):
        await EmbeddedPostgres(tmp_path).start()


async def test_a_folder_whose_path_is_too_long_for_a_socket_works(long_folder: Path) -> None:
    server = EmbeddedPostgres(long_folder)
    assert await _query(await server.start(), "select 1") == 1
    await server.stop()


async def test_no_folder_is_opened_to_others(server: EmbeddedPostgres, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    await server.start()
    assert tmp_path.stat().st_mode & 0o077 == 0
    assert (tmp_path / "data").stat().st_mode & 0o077 == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
async def test_the_server_ends_with_a_launcher_that_is_killed(tmp_path: Path) -> None:
    launcher, _ = await _launch(tmp_path)
    launcher.kill()
    await launcher.wait()
    await _gone(tmp_path)


async def test_a_server_that_is_killed_is_started_again_at_the_same_address(
    server: EmbeddedPostgres, tmp_path: Path
) -> None:
    dsn = await server.start()
    await _query(dsn, "create table kept as select 7 as seven")
    keeping = asyncio.create_task(server.keep_running())
    try:
        os.kill(_server_pid(tmp_path), signal.SIGKILL)

        async def answers() -> bool:
            try:
                return await _query(dsn, "select seven from kept") == 7
            except (OSError, asyncpg.PostgresError):
                return False

        await until(answers, 30)
    finally:
        keeping.cancel()


async def test_after_a_kill_of_launcher_and_server_everything_committed_is_there(
    server: EmbeddedPostgres, tmp_path: Path
) -> None:
    for round in range(3):
        launcher, dsn = await _launch(tmp_path)
        await _query(dsn, f"create table round_{round} as select generate_series(1, 1000)")
        os.kill(_server_pid(tmp_path), signal.SIGKILL)
        launcher.kill()
        await launcher.wait()
    dsn = await server.start()
    assert await _query(dsn, "select count(*) from round_0, round_2 where round_0 = round_2") == 1000


async def test_a_server_that_outlived_its_launcher_is_replaced(server: EmbeddedPostgres, tmp_path: Path) -> None:
    dsn = await server.start()
    orphan = _server_pid(tmp_path)
    session = await asyncpg.connect(dsn)
    # As if the launcher had gone without a word: its lock is free, the server and a session are still there.
    assert server._lock is not None
    server._lock.close()
    later = EmbeddedPostgres(tmp_path)
    assert await _query(await later.start(), "select 1") == 1
    assert _server_pid(tmp_path) != orphan
    await session.close()
    await later.stop()


async def test_a_process_id_that_came_back_as_a_stranger_does_not_stop_the_start(
    server: EmbeddedPostgres, tmp_path: Path
) -> None:
    await server.start()
    (tmp_path / "data" / "postmaster.pid").replace(tmp_path / "stale")
    await server.stop()
    stale = (tmp_path / "stale").read_text().splitlines()
    (tmp_path / "data" / "postmaster.pid").write_text("\n".join([str(os.getpid()), *stale[1:]]))
    assert await _query(await server.start(), "select 1") == 1


async def test_an_interrupted_first_start_is_begun_again(server: EmbeddedPostgres, tmp_path: Path) -> None:
    (tmp_path / "data" / "base").mkdir(parents=True)
    (tmp_path / "data" / "postgresql.conf").write_text("half")
    assert await _query(await server.start(), "select 1") == 1


async def test_a_server_that_cannot_start_says_why_and_frees_the_folder(
    server: EmbeddedPostgres, tmp_path: Path
) -> None:
    await server.start()
    await server.stop()
    (tmp_path / "data" / "PG_VERSION").write_text("12\n")
    with pytest.raises(PostgresUnavailable, match="incompatible with server"):
        await server.start()
    (tmp_path / "data" / "PG_VERSION").write_text("18\n")
    assert await _query(await server.start(), "select 1") == 1


@as_root
async def test_where_namespaces_are_forbidden_another_user_runs_the_server(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if any(not parent.stat().st_mode & 0o001 for parent in binaries().parents):
        pytest.skip("the binaries lie where only root may go")
    monkeypatch.setattr("infra.embedded_postgres._namespaces_allowed", lambda: False)
    server = EmbeddedPostgres(open_folder)
    dsn = await server.start()
    await _query(dsn, "create table kept as select 7 as seven")
    assert Path(f"/proc/{server.pid}").stat().st_uid != 0
    await server.stop()
    monkeypatch.undo()
    assert await _query(await server.start(), "select seven from kept") == 7
    await server.stop()


@as_root
async def test_a_folder_that_the_other_user_cannot_reach_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setattr("infra.embedded_postgres._namespaces_allowed", lambda: False)
    with pytest.raises(PostgresUnavailable, match=f"cannot reach {tmp_path}"):
        await EmbeddedPostgres(tmp_path).start()
