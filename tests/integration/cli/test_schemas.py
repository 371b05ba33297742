"""`jobstream schemas`, over what is recorded and over schemas that were tampered with."""

import asyncio
import json
import shutil
from pathlib import Path

from infra.event_store import EventStore
from schemas.ids import FOLDER
from schemas.registry import Registry
from tests.appends import appending, happened
from tests.conformance.trade import Trade
from tests.jobstream import jobstream
from tests.running import running
from tests.samples import COMPANY, JOB, ROUTING


def naming(schema_id: int, rest: bytes = b"") -> bytes:
    return b"\x00" + schema_id.to_bytes(4, "big") + rest


async def test_the_list_says_how_many_events_each_schema_wrote(database: str, tmp_path: Path) -> None:
    async with running(database, tmp_path, agents=False, timers=False) as there:
        await Trade(there.client).sender("Sender")
        lines, listed, checked = await asyncio.gather(
            jobstream("schemas", "list", DATABASE_URL=database),
            jobstream("schemas", "list", "--json", DATABASE_URL=database),
            jobstream("schemas", "check", DATABASE_URL=database),
        )
    known = Registry()
    events = {each["type"]: each["events"] for each in listed.json if each["events"]}
    assert events == {"dispatch.CompanyRegistered": 1, "dispatch.TechnicianRegistered": 1}
    assert [each["id"] for each in listed.json] == list(range(1, len(listed.json) + 1))
    assert {each["type"] for each in listed.json} == set(known.types)
    [technician] = [line.split() for line in lines.output.splitlines() if "dispatch.TechnicianRegistered.v1" in line]
    assert technician[2:] == ["1", "event", "personal:", "name,", "email,", "phone"]
    assert (checked.status, checked.output) == (0, f"{len(listed.json)} schemas: each reads what is recorded\n")


async def test_whatever_is_recorded_and_cannot_be_read_is_named(database: str, store: EventStore) -> None:
    synced = Registry().latest("dispatch.RoutingSynced").id
    await store.append(appending(happened(ROUTING, 1, naming(9999)), happened(ROUTING, 2, naming(9999))))
    await store.append(appending(happened(JOB, 1, naming(synced), "RoutingClaimed")))
    await store.append(appending(happened(COMPANY, 1, b"no event"), happened(COMPANY, 2, naming(synced, b"\x02"))))
    ended = await jobstream("schemas", "check", "--json", DATABASE_URL=database)
    assert ended.status == 1
    unknown, of_another, without, damaged = ended.json["problems"]
    assert unknown.startswith("2 events of dispatch.RoutingSynced, the first at 1: schema id 9999 is unknown here")
    assert of_another == (
        f"1 event of dispatch.RoutingClaimed, the first at 3: schema id {synced} is dispatch.RoutingSynced.v1"
    )
    assert without == "1 event of dispatch.RoutingSynced, the first at 4: their bytes name no schema"
    assert "dispatch.RoutingSynced at position 5 cannot be read" in damaged


async def test_a_schema_that_was_changed_after_it_got_its_id_is_refused(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "schemas", ignore=shutil.ignore_patterns("__pycache__"))
    path = tmp_path / "schemas/dispatch/RoutingSynced.v1.avsc"
    declared = json.loads(path.read_text())
    path.write_text(json.dumps(declared | {"fields": declared["fields"][1:]}))
    ended = await jobstream("schemas", "check", within=tmp_path)
    assert ended.status == 1
    assert ended.output == (
        "dispatch/RoutingSynced.v1.avsc was changed after it got its id; write a new version instead\n"
    )
