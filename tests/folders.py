"""Where servers of the tests keep their data."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MEMORY = Path("/dev/shm")
_ROOM = 2 * 1024**3  # a session's servers need some 300 MB


@contextmanager
def quick_folder() -> Iterator[Path]:
    """A folder in memory where there is room, gone at the end.

    Each database is 300 files: a disk's file system needed up to a quarter of a second of processor time for them, when
    others had just been deleted, and memory 20 ms.
    """
    roomy = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free >= _ROOM
    with tempfile.TemporaryDirectory(
        prefix="jobstream-", dir=_MEMORY if roomy else None, ignore_cleanup_errors=True
    ) as name:
        yield Path(name)
