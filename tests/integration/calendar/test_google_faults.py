"""Google Calendar on a bad day: what is concluded from each way of failing."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.responses import JSONResponse

from infra.calendar.google import GoogleCalendar
from infra.outbound import CircuitOpen, Refused, Throttled, Unavailable
from tests.integration.calendar.conftest import SECRET, Simulator, entry, google_at
from tests.integration.pos.conftest import Time, served


@pytest.fixture
async def hurried(simulator: Simulator, client_file: Path) -> AsyncIterator[GoogleCalendar]:
    """Tries once only."""
    await simulator.sign_in(client_file)
    async with google_at(simulator.api, client_file, Time(), attempts=1) as provider:
        yield provider


@pytest.mark.parametrize("fault", ["drop", "html", "500", "do_then_time_out"])
async def test_an_insert_without_a_usable_answer_is_repeated_and_makes_one_event(
    google: GoogleCalendar, simulator: Simulator, fault: str
) -> None:
    wanted = entry()
    await simulator.fail("insert", fault)
    made = await google.put(wanted, None)
    assert (made.external_id, made.revision) == (wanted.id.hex, 1)
    assert len(await simulator.events()) == 1


async def test_an_insert_that_is_carried_out_late_makes_no_second_event(
    google: GoogleCalendar, simulator: Simulator
) -> None:
    wanted = entry()
    await simulator.fail("insert", "time_out_then_do", seconds=1.0)
    await google.put(wanted, None)
    await simulator.quiet()
    [event] = await simulator.events()
    assert event["id"] == wanted.id.hex


async def test_a_change_that_is_carried_out_late_does_not_undo_a_later_one(
    hurried: GoogleCalendar, simulator: Simulator
) -> None:
    wanted = entry()
    first = await hurried.put(wanted, None)
    await simulator.fail("patch", "time_out_then_do", seconds=1.5)
    with pytest.raises(Unavailable):
        await hurried.put(entry(wanted.id, revision=2, summary="Older"), first)
    await hurried.put(entry(wanted.id, revision=3, summary="Newer"), await hurried.find(wanted.id))
    await simulator.quiet()
    [event] = await simulator.events()
    assert event["summary"] == "Newer"


@pytest.mark.parametrize("operation", ["get", "patch", "delete"])
@pytest.mark.parametrize("fault", ["drop", "500"])
async def test_whatever_has_no_usable_answer_is_repeated(
    google: GoogleCalendar, simulator: Simulator, operation: str, fault: str
) -> None:
    wanted = entry()
    first = await google.put(wanted, None)
    await simulator.fail(operation, fault, times=2)
    if operation == "delete":
        await google.remove(wanted.id)
        assert await simulator.events() == []
    else:
        second = await google.put(entry(wanted.id, revision=2), first)
        assert (await google.find(wanted.id)) == second
    await simulator.fail("get", fault, times=3)
    with pytest.raises(Unavailable):
        await google.find(wanted.id)


@pytest.mark.parametrize("operation", ["patch", "delete"])
async def test_what_was_done_and_not_answered_is_found_done(
    google: GoogleCalendar, simulator: Simulator, operation: str
) -> None:
    wanted = entry()
    first = await google.put(wanted, None)
    await simulator.fail(operation, "do_then_time_out")
    if operation == "delete":
        await google.remove(wanted.id)
        assert await simulator.events() == []
    else:
        assert (await google.put(entry(wanted.id, revision=2), first)).revision == 2


async def test_a_state_that_somebody_else_changed_is_looked_at_again(
    google: GoogleCalendar, simulator: Simulator
) -> None:
    wanted = entry()
    first = await google.put(wanted, None)
    second = await google.put(entry(wanted.id, revision=2), first)
    with pytest.raises(Unavailable, match="somebody else changed the event"):
        await google.put(entry(wanted.id, revision=3), first)
    assert await google.find(wanted.id) == second


@pytest.mark.parametrize("fault", ["403 rate", "429"])
async def test_too_many_requests_are_throttled_and_repeated(
    google: GoogleCalendar, simulator: Simulator, fault: str
) -> None:
    await simulator.fail("get", fault, times=2)
    assert await google.find(entry().id) is None
    await simulator.fail("get", fault, times=3)
    with pytest.raises(Throttled):
        await google.find(entry().id)


async def test_what_is_forbidden_is_refused_with_googles_word_for_it(
    google: GoogleCalendar, simulator: Simulator
) -> None:
    await simulator.fail("insert", "403")
    with pytest.raises(Refused, match=r"google: put refused \(403\): forbidden"):
        await google.put(entry(), None)


async def test_of_an_account_that_was_disconnected_the_remedy_is_told(
    google: GoogleCalendar, simulator: Simulator
) -> None:
    await simulator.control.post("/_simulator/sign-out")
    with pytest.raises(Unavailable, match="run: jobstream calendar connect") as refusal:
        await google.find(entry().id)
    assert SECRET not in str(refusal.value)


async def test_an_account_that_is_connected_again_is_used_without_a_restart(
    google: GoogleCalendar, simulator: Simulator, client_file: Path
) -> None:
    await simulator.control.post("/_simulator/sign-out")
    with pytest.raises(Unavailable):
        await google.find(entry().id)
    await simulator.sign_in(client_file)
    assert await google.find(entry().id) is None


@pytest.mark.parametrize("token", [None, "", "{}", "[]", '{"token": "x"}', "not json"])
async def test_without_a_token_calls_wait_for_somebody_to_connect(
    simulator: Simulator, client_file: Path, token: str | None
) -> None:
    if token is not None:
        client_file.parent.mkdir()
        client_file.with_name("calendar_token.json").write_text(token)
    async with google_at(simulator.api, client_file, Time()) as provider:
        with pytest.raises(Unavailable, match="jobstream calendar connect"):
            await provider.find(entry().id)


async def test_a_token_endpoint_on_a_bad_day_is_unavailable(google: GoogleCalendar, simulator: Simulator) -> None:
    await simulator.fail("get", "401", times=5)
    await simulator.fail("token", "500", times=20)
    with pytest.raises(Unavailable):
        await google.find(entry().id)


async def test_failures_open_the_circuit_and_a_minute_closes_it(simulator: Simulator, client_file: Path) -> None:
    await simulator.sign_in(client_file)
    time = Time()
    async with google_at(simulator.api, client_file, time) as provider:
        await simulator.fail("get", "500", times=5)
        with pytest.raises(Unavailable, match="500"):
            await provider.find(entry().id)
        with pytest.raises(CircuitOpen):
            await provider.find(entry().id)
        time.skipped += 60
        assert await provider.find(entry().id) is None


async def test_concurrent_calls_share_one_refresh(google: GoogleCalendar, simulator: Simulator) -> None:
    await simulator.fail("get", "401", times=5)
    found = await asyncio.gather(*(google.find(entry().id) for _ in range(5)))
    assert found == [None] * 5


async def test_an_answer_that_makes_no_sense_is_unavailable(simulator: Simulator, client_file: Path) -> None:
    await simulator.sign_in(client_file)
    async with served(JSONResponse({"kind": "calendar#event"})) as url, google_at(url, client_file, Time()) as provider:
        with pytest.raises(Unavailable, match="makes no sense"):
            await provider.find(entry().id)


async def test_a_calendar_that_is_away_is_unavailable(simulator: Simulator, client_file: Path) -> None:
    await simulator.sign_in(client_file)
    async with served(JSONResponse({})) as url:
        pass
    async with google_at(url, client_file, Time()) as provider:
        with pytest.raises(Unavailable, match="cannot be reached"):
            await provider.put(entry(), None)


async def test_a_late_insert_after_a_removal_is_seen_by_a_later_look(
    hurried: GoogleCalendar, simulator: Simulator
) -> None:
    """Why a doubtful removal is checked again: the event may come after it."""
    wanted = entry()
    await simulator.fail("insert", "time_out_then_do", seconds=1.5)
    with pytest.raises(Unavailable):
        await hurried.put(wanted, None)
    await hurried.remove(wanted.id)
    await simulator.quiet()
    assert len(await simulator.events()) == 1
    await hurried.remove(wanted.id)
    assert await simulator.events() == []
