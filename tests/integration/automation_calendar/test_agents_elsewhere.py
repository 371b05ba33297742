"""The calendar while its agents are not there yet, and over Kafka."""

from collections.abc import Callable
from pathlib import Path

import pytest

from api.automation import calendar
from tests.contract.automation.document_calendar import NEW_EVENT
from tests.contract.automation.seeker import PLACE, Seeker
from tests.integration.automation_calendar.conftest import Desk, Open
from tests.running import over_kafka

Moment = Callable[..., str]


async def test_while_no_agent_runs_the_answer_says_what_the_calendar_will_show(
    open_seeker: Open, monkeypatch: pytest.MonkeyPatch, moment: Moment
) -> None:
    monkeypatch.setattr(calendar, "WAIT_SECONDS", 0.2)
    async with open_seeker(agents=False) as seeker:
        id = (await seeker.create())["id"]
        body = {**NEW_EVENT, "job_id": id, "start_time": moment(days=3)}
        told = await seeker.ask("POST", "/calendar/interview", body, 201)
        assert told["summary"] == "Technical Interview: Senior Software Engineer at Google"
        assert await seeker.ask("GET", f"/calendar/job/{id}") == []
    async with open_seeker() as seeker:
        desk = Desk(seeker, None)
        await desk.showing(told["event_id"])
        assert await desk.opens(told["calendar_link"])


async def test_over_kafka_an_interview_comes_into_the_calendar_and_leaves_it(
    database: str, tmp_path: Path, kafka: str, topic_prefix: str, moment: Moment
) -> None:
    async with over_kafka(database, tmp_path, kafka, topic_prefix) as there, there.at(PLACE) as client:
        seeker = Seeker(there, client)
        id = (await seeker.create())["id"]
        interview = await seeker.interview(id, scheduled_date=moment(days=3))
        desk = Desk(seeker, None)
        await desk.showing(interview["calendar_event_id"])
        await seeker.move(id, "withdrawn")
        await desk.showing()
