"""What the figures depend on: processor, cores, load, versions."""

import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from infra import kafka
from infra.embedded_postgres import binaries

_LIBRARIES = ("asyncpg", "aiokafka", "eventsourcing", "fastapi", "faust-streaming", "fastavro", "pydantic", "uvicorn")


def surroundings() -> dict[str, Any]:
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load_at_start": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": {
            "python": platform.python_version(),
            "postgresql": _postgresql(),
            "kafka": _kafka(),
            **{name: version(name) for name in _LIBRARIES},
        },
    }


def _processor() -> str:
    described = Path("/proc/cpuinfo")
    lines = described.read_text().splitlines() if described.exists() else []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor())


def _postgresql() -> str:
    command = [str(binaries() / "postgres"), "--version"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-1]


def _kafka() -> str:
    pom = Path(kafka.__path__[0], "pom.xml").read_text()
    found = re.search(r"<kafka\.version>([^<]+)<", pom)
    return found[1] if found else ""
