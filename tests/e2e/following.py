"""Follows a document as its reader would: the same lines, in one shell, beside a running system."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from infra.settings import Settings

ROOT = Path(__file__).parents[2]
_MARK = "—— end of step ——"
_STEP = re.compile(r"```sh\n(?P<lines>.*?)```(?:\s*```text\n(?P<shown>.*?)```)?", re.DOTALL)
_READY_SECONDS = 90
_STOP_SECONDS = 40

# What differs from one run to the next, in the escaped form of a document's text.
_VARYING = {
    r"[0-9a-f]{8}(?:\\-[0-9a-f]{4}){3}\\-[0-9a-f]{12}": r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    r"\d{4}\\-\d\d\\-\d\dT[\d:]+(?:\\\.\d+)?Z": r"\\d{4}-\\d\\d-\\d\\dT[\\d:]+(?:\\.\\d+)?Z",
    r"mock\\-\d+": r"mock-\\d+",
    r'"\d+ms"': r'"\\d+ms"',
    "…": r"[\\s\\S]*?",
}


@dataclass(frozen=True, slots=True)
class Step:
    """Lines to copy, and what they print."""

    lines: str
    shown: str

    def prints(self, output: str) -> bool:
        """Whether `output` is what is shown, but for ids and times; `…` stands for anything."""
        pattern = re.escape(self.shown.strip())
        for varying, any_of_them in _VARYING.items():
            pattern = re.sub(varying, any_of_them, pattern)
        return re.fullmatch(pattern, output.strip()) is not None


def steps(document: Path, section: str) -> list[Step]:
    """The steps of a document's section, by its heading."""
    text = document.read_text().split(f"\n## {section}\n")[1].split("\n## ")[0]
    return [Step(found["lines"], found["shown"] or "") for found in _STEP.finditer(text)]


def follow(all_steps: list[Step], environment: Mapping[str, str], seconds: float) -> list[str]:
    """What each step prints, run line by line in one shell. Raises `subprocess.TimeoutExpired`."""
    lines = "".join(f"{step.lines}echo '{_MARK}'\n" for step in all_steps)
    shell = subprocess.run(
        ["bash"],
        input=lines,
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert shell.stderr == "", shell.stderr
    return shell.stdout.split(f"{_MARK}\n")[:-1]


def clean_environment(home: Path, port: int) -> dict[str, str]:
    """This process's environment without any setting of ours, but a folder and a port."""
    ours = {name.upper() for name in Settings.model_fields}
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return kept | {"JOBSTREAM_HOME": str(home), "PORT": str(port)}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def system(command: str, environment: Mapping[str, str], log: Path) -> Iterator[None]:
    """`jobstream <command>`, ready to be asked; stopped by Ctrl-C, which must end it in good order."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "cli", command], cwd=ROOT, env=dict(environment), stdout=output, stderr=output
        )
    try:
        _wait_until_ready(process, f"http://127.0.0.1:{environment['PORT']}/tradeengage/api/v1/health/ready", log)
        yield
    finally:
        process.send_signal(signal.SIGINT)
        status = process.wait(_STOP_SECONDS)
    assert status == 0, log.read_text()[-3000:]


def _wait_until_ready(process: "subprocess.Popen[bytes]", address: str, log: Path) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if httpx.get(address).status_code == 200:
                return
        except httpx.TransportError:
            pass  # not listening yet
        time.sleep(0.1)
    raise AssertionError(f"not ready: {log.read_text()[-3000:]}")
