"""Follow-ups that are sent by themselves, over a running system. The clock is moved."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from infra.mail.file import Kept, kept_letters
from tests.conformance.installation import SkippingClock
from tests.contract.automation.seeker import Seeker
from tests.integration.automation_calendar.conftest import Open
from tests.integration.mail.conftest import post_office
from tests.running import until

Moment = Callable[..., str]
TEXT = "Dear {recruiter_name}, is there any news about {job_title} at {company}?"


async def schedule(seeker: Seeker, id: int, at: str, **changes: Any) -> int:
    body = {
        "job_id": id,
        "followup_type": "custom",
        "scheduled_date": at,
        "email_template": TEXT,
        "send_automatically": True,
    }
    return int((await seeker.ask("POST", "/followup/schedule", {**body, **changes}, 201))["id"])


async def sent(seeker: Seeker, id: int, number: int) -> dict[str, Any]:
    """The follow-up, once it was sent."""

    async def there() -> dict[str, Any] | None:
        found = await seeker.ask("GET", f"/followup/jobs/{id}")
        return next((each for each in found if each["id"] == number and each["status"] == "sent"), None)

    return dict(await until(there, 60))


def letters(home: Path) -> list[Kept]:
    return kept_letters(home / "mail")


async def test_a_follow_up_that_comes_due_is_mailed_once_to_the_interviewer(
    open_seeker: Open, clock: SkippingClock, moment: Moment, tmp_path: Path
) -> None:
    async with open_seeker(clock=clock, MAIL_FROM="me@example.org") as seeker:
        id = await seeker.job("applied")
        await seeker.interview(id, scheduled_date=moment(hours=1))
        number = await schedule(seeker, id, moment(days=1))
        assert letters(tmp_path) == []
        clock.skip(25 * 3600)
        assert (await sent(seeker, id, number))["sent_date"] is not None
        [letter] = letters(tmp_path)
        assert (letter.to, letter.message["From"]) == ("jane@google.com", "me@example.org")
        assert letter.subject == "Following up: Senior Software Engineer at Google"
        assert "is there any news about Senior Software Engineer at Google?" in letter.text
    clock.skip(7 * 24 * 3600)
    async with open_seeker(clock=clock) as seeker:  # a restart sends nothing again
        await schedule(seeker, id, moment(hours=1), followup_type="second_followup")
        clock.skip(2 * 3600)

        async def second() -> bool:
            return len(letters(tmp_path)) == 2

        await until(second, 60)


async def test_without_an_interviewer_it_goes_to_the_person(
    open_seeker: Open, clock: SkippingClock, moment: Moment, tmp_path: Path
) -> None:
    async with open_seeker(clock=clock, MAIL_TO="home@example.org") as seeker:
        id = await seeker.job("applied")
        number = await schedule(seeker, id, moment(hours=1))
        quiet = await schedule(seeker, id, moment(hours=1), send_automatically=False)
        clock.skip(2 * 3600)
        await sent(seeker, id, number)
        [letter] = letters(tmp_path)
        assert letter.to == "home@example.org"
        due = await seeker.ask("GET", "/followup/due")
        assert [each["id"] for each in due["followups"]] == [quiet]


async def test_over_smtp_what_the_server_puts_off_is_tried_again(
    open_seeker: Open, clock: SkippingClock, moment: Moment
) -> None:
    async with post_office() as postbox:
        smtp = {
            "MAIL_PROVIDER": "smtp",
            "MAIL_FROM": "me@example.org",
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": postbox.port,
            "SMTP_SECURITY": "none",
        }
        async with open_seeker(clock=clock, **smtp) as seeker:
            id = await seeker.job("applied")
            number = await schedule(seeker, id, moment(hours=1))
            postbox.says["RCPT"] = "451 greylisted"
            clock.skip(2 * 3600)

            async def put_off() -> bool:
                return "RCPT" not in postbox.says

            await until(put_off, 60)

            async def again() -> bool:
                clock.skip(30)  # until the failure is recorded and its time has come
                return len(postbox.taken) == 1

            await until(again, 60)
            await sent(seeker, id, number)
            assert postbox.recipients == ["me@example.org"]
