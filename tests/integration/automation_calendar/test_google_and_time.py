"""An outside calendar that is away, answers late, or is connected afterwards. The clock is moved."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.calendar.google import adapter
from tests.conformance.installation import SkippingClock
from tests.contract.automation.document_calendar import NEW_EVENT, NEW_FOLLOW_UP
from tests.contract.automation.seeker import Seeker
from tests.integration.automation_calendar.conftest import Desk, Open, google_settings
from tests.integration.calendar.conftest import Simulator

Moment = Callable[..., str]


@pytest.fixture
def settings(simulator: Simulator, tmp_path: Path) -> dict[str, Any]:
    return google_settings(simulator, tmp_path / "credentials" / "google_oauth_credentials.json")


async def remind(seeker: Seeker, at: str) -> dict[str, Any]:
    body = {**NEW_FOLLOW_UP, "job_id": await seeker.job(), "reminder_time": at}
    return dict(await seeker.ask("POST", "/calendar/follow-up-reminder", body, 201))


async def test_an_account_that_is_connected_later_learns_of_what_is_still_to_come(
    open_seeker: Open, simulator: Simulator, settings: dict[str, Any], clock: SkippingClock, moment: Moment
) -> None:
    async with open_seeker(clock=clock) as seeker:
        await remind(seeker, moment(hours=1))
        coming = await remind(seeker, moment(days=3))
    clock.skip(24 * 3600)
    await simulator.sign_in(Path(settings["GOOGLE_CALENDAR_CREDENTIALS"]))
    async with open_seeker(clock=clock, **settings) as seeker:
        await Desk(seeker, simulator).showing(coming["event_id"])


async def test_without_an_account_the_answer_has_no_link_and_the_event_follows_when_there_is_one(
    open_seeker: Open, simulator: Simulator, settings: dict[str, Any], clock: SkippingClock, moment: Moment
) -> None:
    async with open_seeker(clock=clock, **settings) as seeker:
        made = await remind(seeker, moment(days=3))
        assert made["calendar_link"] is None
        await simulator.sign_in(Path(settings["GOOGLE_CALENDAR_CREDENTIALS"]))
        clock.skip(60)
        await Desk(seeker, simulator).showing(made["event_id"])


async def test_what_a_late_request_puts_back_after_a_removal_is_taken_away_again(
    open_seeker: Open,
    simulator: Simulator,
    settings: dict[str, Any],
    clock: SkippingClock,
    moment: Moment,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(adapter, "PUT", adapter.Operation("put", timeout=0.4, repeatable=False))
    await simulator.sign_in(Path(settings["GOOGLE_CALENDAR_CREDENTIALS"]))
    async with open_seeker(clock=clock, **settings) as seeker:
        await simulator.fail("insert", "time_out_then_do", seconds=3)
        made = await remind(seeker, moment(days=3))
        assert made["calendar_link"] is None
        await seeker.ask("DELETE", f"/calendar/event/{made['event_id']}", status=204)
        await simulator.quiet()
        desk = Desk(seeker, simulator)
        if await desk.shows():  # the late request came after the removal
            clock.skip(6 * 60)
        await desk.showing()


async def test_an_event_is_brought_back_after_a_failure_when_its_time_has_come(
    open_seeker: Open, simulator: Simulator, settings: dict[str, Any], clock: SkippingClock, moment: Moment
) -> None:
    await simulator.sign_in(Path(settings["GOOGLE_CALENDAR_CREDENTIALS"]))
    async with open_seeker(clock=clock, **settings) as seeker:
        await simulator.fail("insert", "403")
        refused = await remind(seeker, moment(days=3))
        assert refused["calendar_link"] is None  # a refusal is not tried again
        body = {**NEW_EVENT, "job_id": await seeker.job("applied"), "start_time": moment(days=4)}
        shown = await seeker.ask("POST", "/calendar/interview", body, 201)
        await Desk(seeker, simulator).showing(shown["event_id"])
        row = await _row(seeker, refused["event_id"])
        assert (row["sync_status"], row["sync_error"]) == ("failed", "google: put refused (403): forbidden")


async def _row(seeker: Seeker, event_id: str) -> Any:
    query = "select sync_status, sync_error from calendar_v1.calendar_event where id = $1::text::uuid"
    return await seeker.running.system.database.pool.fetchrow(query, event_id.removeprefix("cal_"))
