"""`jobstream events`, as an operator runs it beside a system at work."""

import asyncio
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.trade import Trade
from tests.jobstream import jobstream, started
from tests.running import Running, running, until

PERSONAL = ("John Doe", "123 Main Street", "john.doe@example.com", "Dripping tap", "(555) 123-4567")


@dataclass(frozen=True)
class There:
    """A running system in which one job went out to one company."""

    running: Running
    dsn: str
    trade: Trade
    job_id: str
    routing_id: str

    async def events(self, *arguments: str) -> Any:
        """What the command printed, from JSON."""
        ended = await jobstream("events", *arguments, "--json", DATABASE_URL=self.dsn)
        assert ended.status == 0, ended.errors
        return ended.json


@pytest.fixture
async def there(database: str, tmp_path: Path) -> AsyncIterator[There]:
    async with running(database, tmp_path) as begun:
        trade = Trade(begun.client)
        await trade.company("Receiver", "plumbing")
        job_id = await trade.job(await trade.sender("Sender"), "Dripping tap", "plumbing")

        async def synced() -> bool:
            return await trade.statuses(job_id) == ["synced"]

        await until(synced, 60)
        [routing] = await trade.routings(job_id)
        yield There(begun, database, trade, job_id, routing["id"])


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


async def test_an_event_that_cannot_be_read_is_shown_with_the_reason(there: There) -> None:
    await there.running.system.database.pool.execute("update events set data = '\\x00' where type = 'RoutingClaimed'")
    events, lines = await asyncio.gather(
        there.events("show", there.routing_id), jobstream("events", "show", there.routing_id, DATABASE_URL=there.dsn)
    )
    assert [event["payload"] is None for event in events] == [False, True, False]
    assert events[1]["unreadable"] == "it does not begin with a zero byte and a schema id"
    assert "    it does not begin with a zero byte and a schema id\n" in lines.output


async def test_the_statistics_count_a_range_by_context_and_type(there: There) -> None:
    created = (await there.events("show", there.job_id))[0]
    everything, later, none = await asyncio.gather(
        there.events("stats"),
        there.events("stats", "--from", created["recorded_at"]),
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


async def test_what_is_no_place_in_the_log_is_refused(database: str) -> None:
    ended = await jobstream("events", "stats", "--from", "yesterday", DATABASE_URL=database)
    assert ended.status == 2
    assert "'yesterday' is neither a position nor a time" in ended.errors
