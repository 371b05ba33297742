"""`jobstream erase`, beside a system at work: a person is forgotten, and what is left in clear is named."""

from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.conformance.trade import Sender, Trade, job
from tests.integration.recovery.restoring import Installation
from tests.running import Running

PRIVATE = ("Zoë O'Hara", "zoe.ohara@example.org", "(555) 987-6543", "17 Rose Lane", "Leak behind Zoë's stove")


@pytest.fixture
def there(database: str, tmp_path: Path, kafka: str, topic_prefix: str) -> Installation:
    return Installation(database, tmp_path, kafka, topic_prefix)


async def posted(running: Running, sender: Sender, **homeowner: str) -> str:
    name, email, phone, street, summary = PRIVATE
    body = job(sender, summary, ["plumbing"]) | {
        "homeowner": {"name": name, "phone": phone, "email": email} | homeowner,
    }
    body["address"] = dict(body["address"]) | {"street": street}
    return str((await Trade(running.client).post("/jobs/", body))["id"])


async def begun(running: Running) -> Sender:
    trade = Trade(running.client)
    await trade.company("Receiver", "plumbing")
    return await trade.sender("Sender")


async def test_a_person_is_forgotten_everywhere_and_it_is_proved(there: Installation) -> None:
    async with there.serving() as running:
        subject = await posted(running, await begun(running))
        await there.quiet(running, there.prefix)
        status, told, _ = await there.command("erase", subject, "--dry-run", "--json")
        assert (status, told["position"], told["events"]) == (0, None, {"dispatch.ServiceJobCreated": 1})
        where = {place["where"] for place in told["places"]}
        assert {f"service_jobs_v1.service_job.homeowner_{name}" for name in ("name", "email", "phone")} <= where
        assert not [place for place in where if place.startswith(("topic", "public.events"))]
        assert (await running.client.get(f"/jobs/{subject}")).json()["summary"] == PRIVATE[-1]

        status, told, errors = await there.command("erase", subject, "--reason", "asked", "--yes", "--json")
        assert (status, told["left"]) == (0, []), told
        assert told["position"] > 0
        assert (await running.client.get(f"/jobs/{subject}")).json()["summary"] == "(erased)"
        assert not [value for value in PRIVATE if value in str(told) + errors]

        status, told, _ = await there.command("erase", subject, "--reason", "asked", "--yes", "--json")
        assert (status, told["erased_before"], told["position"]) == (0, True, 0)


async def test_what_is_left_in_clear_is_named_and_never_shown(there: Installation) -> None:
    mail = EmailMessage()
    mail["Subject"] = "Your stove"
    mail.set_content(f"Dear {PRIVATE[0]}", cte="base64")
    async with there.serving() as running:
        sender = await begun(running)
        subject = await posted(running, sender)
        other = await posted(running, sender, email="somebody@else.example", phone="(555) 111-2222")
        (there.home / "mail").mkdir(exist_ok=True)
        (there.home / "mail" / "1.eml").write_bytes(bytes(mail))
        (there.home / "notes.txt").write_text(f"call {PRIVATE[2]}")
        await there.fetch("create table forgotten (id uuid, note jsonb)")
        await there.fetch("insert into forgotten values (null, jsonb_build_object('who', $1::text))", PRIVATE[1])
        status, told, errors = await there.command("erase", subject, "--reason", "asked", "--yes", "--json")
        assert status == 1
        left = {place["where"]: place["count"] for place in told["left"]}
        assert left == {"public.forgotten.note": 1, str(there.home / "notes.txt"): 1}
        # Another person of the same name, at the same address: nobody can tell whom that mail is about.
        beside = {place["where"] for place in told["of_others"]}
        assert {"service_jobs_v1.service_job.homeowner_name", str(there.home / "mail" / "1.eml")} <= beside
        assert (await running.client.get(f"/jobs/{other}")).json()["homeowner"]["name"] == PRIVATE[0]
        assert not [value for value in PRIVATE if value in str(told) + errors]
