"""Microseconds an event costs to write and to read: `python -m bench.codec`."""

import asyncio
import sys
import timeit
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

from fastavro import parse_schema, schemaless_reader, schemaless_writer

from schemas.codec import Codec
from schemas.keyring import KeyRing, MasterKey
from schemas.recorded import Recorded
from schemas.registry import Registry

ROUTING = {
    "job_id": uuid4(),
    "company_id": uuid4(),
    "matching_score": 0.87,
    "matched_skills": ["plumbing", "hvac", "electrical"],
    "provider_type": "servicetitan",
    "algorithm": "weighted-v1",
    "features": {"skills": 0.4, "category": 0.2, "area": 0.17, "level": 0.1},
}
JOB = {
    "summary": "The water heater in the cellar leaks and should be replaced before the weekend",
    "street": "1200 Market Street",
    "city": "San Diego",
    "state": "CA",
    "zip_code": "92101",
    "homeowner_name": "Marta Ruiz",
    "homeowner_phone": "+1 619 555 0100",
    "homeowner_email": "marta@example.org",
    "company_id": uuid4(),
    "technician_id": uuid4(),
    "required_skills": ["plumbing", "hvac"],
    "skill_levels": {"plumbing": "expert", "hvac": "basic"},
    "category": "plumbing",
    "routings": 3,
}


class NoKeys:
    async def load(self, subjects: Collection[UUID]) -> dict[UUID, bytes | None]:
        return {}


def micros(action: Callable[[], object]) -> float:
    """The best of ten runs: what it costs when nothing else has the processor."""
    return min(timeit.repeat(action, number=2000, repeat=10)) / 2000 * 1e6


def costs(type: str, payload: dict[str, Any]) -> dict[str, float]:
    """Microseconds to write and to read, and what fastavro alone takes in clear."""
    registry, stream, now = Registry(), uuid4(), datetime.now(UTC)
    codec = Codec(registry, KeyRing(NoKeys(), MasterKey(bytes(32))))
    keys = asyncio.run(codec.prepare([]))
    data = codec.encode(type, payload, stream, keys)
    codec.keep(keys)
    category, name = type.split(".")
    event = Recorded(1, stream, 1, category, name, stream, stream, data, {}, now, now, stream, codec.decode)
    if codec.decode(event) != payload:
        sys.exit(f"{type} does not read back as it was written")
    schema = parse_schema(dict(registry.latest(type).declaration))
    bare = BytesIO()
    schemaless_writer(bare, schema, payload)
    return {
        "write": micros(lambda: codec.encode(type, payload, stream, keys)),
        "read": micros(lambda: codec.decode(event)),
        "fastavro writes": micros(lambda: schemaless_writer(BytesIO(), schema, payload)),
        "fastavro reads": micros(lambda: schemaless_reader(BytesIO(bare.getvalue()), schema, None)),
    }


def measure() -> dict[str, dict[str, float]]:
    """The costs of three events: without personal data, with it, and a short one."""
    return {
        "RoutingCreated": costs("dispatch.RoutingCreated", ROUTING),
        "ServiceJobCreated": costs("dispatch.ServiceJobCreated", JOB),
        "RoutingSynced": costs("dispatch.RoutingSynced", {"external_id": "ST-1", "attempt": 1, "ambiguous": False}),
    }


def main() -> None:
    for type, found in measure().items():
        print(type, ", ".join(f"{name} {value:.1f} µs" for name, value in found.items()))
    print(f"start (list of ids): {micros(Registry):.0f} µs")


if __name__ == "__main__":
    main()
