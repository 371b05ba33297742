"""The broker's jars: resolved once by Maven from `pom.xml`, kept in the user's cache."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_POM = Path(__file__).with_name("pom.xml")
_INSTEAD = "or set KAFKA_BOOTSTRAP_SERVERS to a broker that is already running"


class BrokerUnavailable(Exception):
    """The broker cannot be started here. The message says what is missing and how to get it."""


def java() -> str:
    """Path of the Java runtime. Raises `BrokerUnavailable` naming the remedy."""
    return _program("java", "a Java runtime, 17 or later (Debian: apt-get install openjdk-17-jre-headless)")


def cache_folder() -> Path:
    """Where the jars of this `pom.xml` live; a changed pom gets a folder of its own."""
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return root / "jobstream" / "kafka" / hashlib.sha256(_POM.read_bytes()).hexdigest()[:12]


def resolve(folder: Path | None = None) -> Path:
    """The folder with the jars, filled by Maven the first time (43 MB, some seconds).

    Raises `BrokerUnavailable` when Maven is missing or cannot resolve them.
    """
    folder = folder or cache_folder()
    if not folder.is_dir():
        mvn = _program("mvn", "Maven (Debian: apt-get install maven)")
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _alone(folder.parent):
            if not folder.is_dir():
                _fill(mvn, folder)
    return folder


def classpath(folder: Path) -> str:
    return os.pathsep.join(str(jar) for jar in sorted(folder.glob("*.jar")))


def _program(name: str, what: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise BrokerUnavailable(f"{name} is not on the PATH: install {what}, {_INSTEAD}")
    return found


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """One process at a time: several Mavens that fill the user's repository at once may spoil each other's files."""
    lock = os.open(place, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _fill(mvn: str, folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".resolving-") as scratch:
        _copy_dependencies(mvn, Path(scratch) / "jars")
        # One rename, so that nobody ever sees a half-filled folder.
        (Path(scratch) / "jars").rename(folder)


def _copy_dependencies(mvn: str, target: Path) -> None:
    done = subprocess.run(
        [
            mvn,
            "-B",
            "-ntp",
            "-q",
            "-f",
            str(_POM),
            "dependency:copy-dependencies",
            f"-DoutputDirectory={target}",
            "-DincludeScope=runtime",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip()[:600]
        raise BrokerUnavailable(f"Maven cannot get the broker's jars: check its settings, {_INSTEAD}. It says: {said}")
