"""`jobstream events`, as an operator runs it beside a system at work."""

import asyncio
import signal

import pytest
from click.testing import CliRunner

from cli.main import main
from infra.database import Database
from infra.event_store import EventStore
from infra.store_proof import halt
from tests.appends import appending, happened
from tests.integration.cli.conftest import There
from tests.jobstream import jobstream, started
from tests.samples import ROUTING

PERSONAL = ("John Doe", "123 Main Street", "john.doe@example.com", "Dripping tap", "(555) 123-4567")


async def test_a_streams_history_is_shown_with_personal_fields_masked(there: There) -> None:
    lines, events = await asyncio.gather(
        jobstream("events", "show", there.job_id, DATABASE_URL=there.dsn), there.events("show", there.job_id)
    )
    assert lines.status == 0
    assert lines.output.startswith("v1  dispatch.ServiceJobCreated  at ")
    assert "    city                     Anytown\n" in lines.output
    assert "    homeowner_name           ***\n" in lines.output
    assert not any(text in lines.output + lines.errors for text in PERSONAL)
    [created] = events
    assert (created["type"], created["version"]) == ("dispatch.ServiceJobCreated", 1)
    assert {created["payload"][name] for name in ("summary", "street", "homeowner_email")} == {"***"}


async def test_personal_fields_are_shown_when_asked_for_and_the_log_says_who_read_them(there: There) -> None:
    shown, absent = await asyncio.gather(
        jobstream("events", "show", there.job_id, "--personal", "--json", DATABASE_URL=there.dsn),
        jobstream("events", "show", "01a2054f-19dc-72c0-8483-4c12dec9b5d9", DATABASE_URL=there.dsn),
    )
    assert shown.json[0]["payload"]["homeowner_name"] == "John Doe"
    [audit] = [line for line in shown.errors.splitlines() if "personal fields are read" in line]
    assert there.job_id in audit
    assert '"user":"' in audit
    assert (absent.status, absent.output) == (1, "")
    assert "there is no stream 01a2054f" in absent.errors


async def test_the_tree_leads_from_the_command_over_the_agent_to_what_it_caused(there: There) -> None:
    lines, tree = await asyncio.gather(
        jobstream("events", "show", there.routing_id, "--tree", DATABASE_URL=there.dsn),
        there.events("show", there.routing_id, "--tree"),
    )
    created, claimed, synced = tree["steps"]
    assert (created["command"], created["actor"], created["depth"]) == ("CreateServiceJob", "development", 0)
    assert [event["type"] for event in created["events"]] == ["dispatch.ServiceJobCreated", "dispatch.RoutingCreated"]
    routing_created = created["events"][1]["event_id"]
    for step, command, event in ((claimed, "ClaimRouting", "Claimed"), (synced, "RecordRoutingSync", "Synced")):
        assert (step["command"], step["actor"], step["depth"]) == (command, "agent:pos_sync", 1)
        assert step["caused_by"] == routing_created
        assert [each["type"] for each in step["events"]] == [f"dispatch.Routing{event}"]
    assert tree["complete"]
    assert [line.split("  (")[0] for line in lines.output.splitlines() if " by " in line] == [
        "CreateServiceJob by development",
        "    ClaimRouting by agent:pos_sync",
        "    RecordRoutingSync by agent:pos_sync",
    ]


async def test_the_tail_takes_what_is_asked_for_from_where_it_is_asked(there: There) -> None:
    every, of_agent, of_stream, latest = await asyncio.gather(
        jobstream("events", "tail", "--no-follow", "--from", "1", "--json", DATABASE_URL=there.dsn),
        jobstream("events", "tail", "--no-follow", "--actor", "agent:pos_sync", DATABASE_URL=there.dsn),
        jobstream("events", "tail", "--no-follow", "--stream", there.job_id, "--context", "dispatch",
                  DATABASE_URL=there.dsn),
        jobstream("events", "tail", "--no-follow", "--limit", "1", DATABASE_URL=there.dsn),
    )  # fmt: skip
    head = await there.running.system.store.head()
    assert len(every.output.splitlines()) == head
    assert [line.split()[2] for line in of_agent.output.splitlines()] == [
        "dispatch.RoutingClaimed", "dispatch.RoutingSynced"
    ]  # fmt: skip
    assert [line.split()[2:5] for line in of_stream.output.splitlines()] == [
        ["dispatch.ServiceJobCreated", there.job_id, "v1"]
    ]
    assert [line.split()[0] for line in latest.output.splitlines()] == [str(head)]


async def test_the_tail_follows_what_comes_until_it_is_interrupted(there: There) -> None:
    beginning = str(await there.running.system.store.head() + 1)
    arguments = ("--type", "CompanyRegistered", "--from", beginning)
    async with started("events", "tail", *arguments, DATABASE_URL=there.dsn) as tail:
        assert b"PostgreSQL at" in await tail.error_line()
        for name in ("Later", "Later still"):
            company_id = await there.trade.company(name)
            line = (await tail.output_line()).decode()
            assert "dispatch.CompanyRegistered" in line
            assert company_id in line
        tail.process.send_signal(signal.SIGINT)
        assert await tail.ended() == 0


async def test_the_log_of_a_halted_store_is_shown_and_an_event_that_cannot_be_read_with_the_reason(
    database: str, connections: Database, store: EventStore
) -> None:
    await store.append(appending(happened(ROUTING, 1, b"no event"), happened(ROUTING, 2, b"\x00\x00\x00\x27\x0f")))
    await halt(connections.pool, "events are missing")
    shown, tail = await asyncio.gather(
        jobstream("events", "show", str(ROUTING), DATABASE_URL=database),
        jobstream("events", "tail", "--no-follow", "--from", "2", DATABASE_URL=database),
    )
    assert (shown.status, tail.status) == (0, 0)
    unknown = "schema id 9999 is unknown here; a newer release may have written it"
    reasons = [line.strip() for line in shown.output.splitlines()[2::3]]
    assert reasons == ["it does not begin with a zero byte and a schema id", unknown]
    assert tail.output.rstrip().endswith(unknown)


async def test_the_statistics_count_a_range_by_context_and_type(there: There) -> None:
    created, _, synced = await there.routing()
    everything, later, none = await asyncio.gather(
        there.events("stats"),
        there.events("stats", "--from", created["recorded_at"].isoformat(), "--to", str(synced["position"])),
        there.events("stats", "--from", "1999-01-01", "--to", "1999-01-02T00:00:00+01:00"),
    )
    assert everything["events"] == await there.running.system.store.head()
    assert everything["contexts"][0]["context"] == "dispatch"
    assert {each["type"]: each["events"] for each in later["types"]} == {
        "ServiceJobCreated": 1, "RoutingCreated": 1, "RoutingClaimed": 1, "RoutingSynced": 1
    }  # fmt: skip
    assert later["events"] == 4
    assert later["contexts"][0]["per_second"] == pytest.approx(4 / later["seconds"], rel=0.01)
    assert none == {"events": 0, "contexts": [], "types": []}


def test_what_is_no_place_in_the_log_is_refused() -> None:
    ended = CliRunner().invoke(main, ["events", "stats", "--from", "yesterday"])
    assert ended.exit_code == 2
    assert "'yesterday' is neither a position nor a time" in ended.output
