"""A Consistency-Token makes a read show at least the command that it came with."""

from uuid import UUID, uuid4

import pytest

from commands.bus import Envelope
from commands.dispatch import UpdateCompany
from tests.contract.likeness import assert_like
from tests.contract.tradeengage.desk import Desk
from tests.contract.tradeengage.document import ERROR

TOKEN = "Consistency-Token"
OTHER = "0192f0c1-0000-7000-8000-0000000000ee"


async def test_a_command_answers_with_a_token_and_its_effect_is_there(desk: Desk) -> None:
    posted = await desk.client.post("/jobs/", json=desk.job())
    head = {TOKEN: posted.headers[TOKEN]}
    path = f"/jobs/{posted.json()['id']}"
    assert (await desk.client.get(path, headers=head)).json() == posted.json()
    assert (await desk.client.get(f"{path}/routings", headers=head)).status_code == 200
    assert (await desk.client.get("/jobs/", headers=head)).json()[0] == posted.json()


async def test_a_read_waits_for_its_token(desk: Desk) -> None:
    company = await desk.register(service_area={"states": ["AK"]})
    bus, epoch = desk.running.system.bus, desk.running.system.store.epoch
    for number in range(20):
        envelope = Envelope("tests", uuid4(), "req-1", any_owner=True)
        outcome = await bus.send(UpdateCompany(UUID(company["id"]), {"name": f"Name {number}"}), envelope)
        token = {TOKEN: f"{epoch}:{outcome.last}"}
        shown = (await desk.client.get(f"/companies/{company['id']}", headers=token)).json()
        assert shown["name"] == f"Name {number}"


async def test_a_token_that_is_not_reached_in_time_is_said_to_be_so(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.session.WAIT_SECONDS", 0.05)
    token = f"{desk.running.system.store.epoch}:{await desk.head() + 1000}"
    answer = await desk.client.get("/jobs/", headers={TOKEN: token})
    assert (answer.status_code, answer.json()["error_code"]) == (503, "UNAVAILABLE")
    assert answer.headers["Retry-After"] == "1"
    assert_like(ERROR, answer.json())


@pytest.mark.parametrize(
    ("token", "status", "code"),
    [
        (f"{OTHER}:1", 409, "OTHER_EPOCH"),
        ("nonsense", 400, "INVALID_CONSISTENCY_TOKEN"),
        (f"{OTHER}:-1", 400, "INVALID_CONSISTENCY_TOKEN"),
        (f"{OTHER}:{'9' * 30}", 400, "INVALID_CONSISTENCY_TOKEN"),
    ],
)
async def test_a_token_of_another_store_or_of_none_is_refused(desk: Desk, token: str, status: int, code: str) -> None:
    answer = await desk.client.get("/jobs/", headers={TOKEN: token})
    assert (answer.status_code, answer.json()["error_code"]) == (status, code)
