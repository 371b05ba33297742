"""A sample directory of companies and technicians, so that a new system has somebody to hand jobs to."""

import json
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from api.principal import DEVELOPMENT
from commands.bus import Envelope
from commands.dispatch import RegisterCompany, RegisterTechnician
from projections.companies.fold import companies
from runtime.system import System

DIRECTORY = Path(__file__).with_name("sample_directory.json")
_WAIT_SECONDS = 10.0


async def load_sample(system: System) -> int:
    """Load the sample into a database without any event; the number of companies loaded."""
    if await system.store.head() > 0:
        return 0
    entries = json.loads(DIRECTORY.read_text())
    last = 0
    for entry in entries:
        last = await _company(system, entry)
    await system.positions.reached([companies], last, _WAIT_SECONDS)
    return len(entries)


async def _company(system: System, entry: dict[str, Any]) -> int:
    name = entry["name"]
    area = entry.get("service_area", {})
    company = RegisterCompany(
        name=name,
        provider_type=entry["provider_type"],
        skills=entry["skills"],
        categories=entry["categories"],
        states=area.get("states", []),
        zip_prefixes=area.get("zip_prefixes", []),
        active=True,
        credentials_ref=None,
    )
    outcome = await system.bus.send(company, _envelope(name))
    if outcome.id is None:
        return outcome.last
    for technician in entry["technicians"]:
        command = RegisterTechnician(outcome.id, technician, None, None, entry["skills"])
        outcome_of_technician = await system.bus.send(command, _envelope(f"{name}/{technician}"))
    return outcome_of_technician.last


def _envelope(of: str) -> Envelope:
    # Deterministic ids: two processes that start on one empty database load it once.
    id: UUID = uuid5(NAMESPACE_URL, f"jobstream:sample/{of}")
    return Envelope(actor="sample", owner=DEVELOPMENT.owner, correlation_id=str(id), command_id=id, any_owner=True)
