"""Servers that outlived their launcher: found by where they work, and shut down before the folder is used again."""

import asyncio
import contextlib
import os
import signal
from pathlib import Path

_POLL_SECONDS = 0.01


async def end_survivors(data: Path, patience: float = 120.0) -> list[int]:
    """Shut down whatever still runs on the data folder; answer the process ids that remain after `patience` seconds.

    The caller holds the folder's lock. Where there is no /proc nothing is found, and PostgreSQL's own check decides.
    """
    deadline = asyncio.get_running_loop().time() + patience
    left = survivors(data)
    for pid in left:
        with contextlib.suppress(ProcessLookupError):
            # The postmaster, which `postmaster.pid` names, shuts down fast; a backend without one ends its session.
            os.kill(pid, signal.SIGINT if pid == _recorded(data) else signal.SIGTERM)
    while left and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(_POLL_SECONDS)
        left = survivors(data)
    if not left and Path("/proc/self").exists():
        # Process ids come back soon in a container, and its init may never reap: PostgreSQL would take a stranger or
        # a zombie with the id in these files for its server, and refuse to start.
        for name in ("postmaster.pid", ".s.PGSQL.5432.lock", ".s.PGSQL.5432"):
            (data / name).unlink(missing_ok=True)
    return left


def survivors(data: Path) -> list[int]:
    """Every PostgreSQL process works in its data folder, so its backends are found as well as the server itself."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.readlink(entry / "cwd") == str(data) and (entry / "comm").read_text().strip() == "postgres":
                found.append(int(entry.name))
    return found


def _recorded(data: Path) -> int | None:
    with contextlib.suppress(FileNotFoundError, ValueError, IndexError):
        return int((data / "postmaster.pid").read_text().splitlines()[0])
    return None
