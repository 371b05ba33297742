"""What happens to applications, as the person's calendar shows it: our own, and Google's."""

from collections.abc import Callable

from tests.contract.automation.document_calendar import NEW_DEADLINE, NEW_EVENT
from tests.contract.automation.seeker import Seeker
from tests.integration.automation_calendar.conftest import OpenDesk
from tests.running import until

Moment = Callable[..., str]


async def test_an_interview_is_shown_moved_and_taken_away(open_desk: OpenDesk, moment: Moment) -> None:
    async with open_desk() as desk:
        seeker = desk.seeker
        id = await seeker.job("applied")
        body = {**NEW_EVENT, "job_id": id, "start_time": moment(days=3)}
        event = await seeker.ask("POST", "/calendar/interview", body, 201)
        assert await desk.shows() == {event["event_id"]: event["summary"]}
        assert await desk.opens(event["calendar_link"])
        [interview] = await seeker.ask("GET", f"/ats/jobs/{id}/interviews")
        change = {"interview_type": "panel", "scheduled_date": moment(days=4)}
        await seeker.ask("PUT", f"/ats/interviews/{interview['id']}", change)

        async def renamed() -> bool:
            return "Panel Interview" in (await desk.shows()).get(event["event_id"], "")

        await until(renamed, 60)
        await seeker.ask("PUT", f"/ats/interviews/{interview['id']}", {"outcome": "cancelled"})
        await desk.showing()


async def test_the_end_of_an_application_clears_the_calendar_and_its_undoing_fills_it_again(
    open_desk: OpenDesk, moment: Moment
) -> None:
    async with open_desk() as desk:
        seeker = desk.seeker
        chosen, other = await seeker.job("interviewing"), await seeker.job("applied")
        met = await seeker.interview(other, scheduled_date=moment(days=3))
        offer = await seeker.offer(chosen, received_date=moment(), expiration_date=moment(days=7))
        await desk.showing(met["calendar_event_id"], *(await _events(seeker, chosen)))
        await seeker.ask("PUT", f"/ats/offers/{offer['id']}", {"offer_status": "accepted"})
        await desk.showing()
        await seeker.ask("POST", f"/ats/offers/{offer['id']}/undo")
        await desk.showing(met["calendar_event_id"], *(await _events(seeker, chosen)))


async def _events(seeker: Seeker, id: int) -> list[str]:
    """The one event of a job, once it is there."""

    async def there() -> list[str]:
        return [event["event_id"] for event in await seeker.ask("GET", f"/calendar/job/{id}")]

    found: list[str] = await until(there, 60)
    return found


async def test_a_removed_job_takes_its_reminders_away_and_a_deleted_event_is_gone(
    open_desk: OpenDesk, moment: Moment
) -> None:
    async with open_desk() as desk:
        seeker = desk.seeker
        id, other = await seeker.job(), await seeker.job()
        day = moment(days=5)[:10]
        reminder = {**NEW_DEADLINE, "deadline": day}
        first = await seeker.ask("POST", "/calendar/deadline-reminder", {**reminder, "job_id": id}, 201)
        second = await seeker.ask("POST", "/calendar/deadline-reminder", {**reminder, "job_id": other}, 201)
        assert await desk.opens(second["calendar_link"])
        await desk.showing(first["event_id"], second["event_id"])
        await seeker.ask("DELETE", f"/jobs/{id}", status=204)
        await desk.showing(second["event_id"])
        await seeker.ask("DELETE", f"/calendar/event/{second['event_id']}", status=204)
        await desk.showing()
