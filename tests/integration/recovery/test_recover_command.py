"""PostgreSQL comes back from a backup that is older than Kafka: nothing is taken until the lost events are back, or
given up in a new epoch.
"""

from pathlib import Path
from uuid import UUID

import pytest

from commands.bus import Envelope, Halted
from commands.identity import EraseSubject
from commands.jobs import CreateJob
from domain.numbers import Kind
from infra.numbers import PostgresNumbers
from runtime.system import open_system
from streams.recovery import Forked, RelayAtWork, recovering
from streams.relay import Relay
from streams.relay_record import EpochPast, HistoryDiffers
from tests.conformance.trade import Sender, Trade
from tests.integration.recovery.restoring import Installation
from tests.running import Running, settings_for


@pytest.fixture
def there(database: str, tmp_path: Path, kafka: str, topic_prefix: str) -> Installation:
    return Installation(database, tmp_path, kafka, topic_prefix)


async def trade(running: Running) -> tuple[Sender, str]:
    """Somebody who hands on jobs, and the first job."""
    trade = Trade(running.client)
    await trade.company("Receiver", "plumbing")
    sender = await trade.sender("Sender")
    return sender, await trade.job(sender, "Before the backup", "plumbing")


def envelope(subject: UUID) -> Envelope:
    return Envelope("tests", subject, "tests", any_owner=True)


async def relay_once(there: Installation) -> None:
    """A relay that starts over the restored store."""
    settings = settings_for(there.dsn, there.home, **there.settings)
    async with open_system(settings, there.dsn) as system:

        async def wait(after: int, timeout: float) -> None:
            raise AssertionError("the relay goes on")

        await Relay(system.store, wait, there.dsn, there.kafka, there.prefix).run()


async def test_what_a_backup_lacks_comes_back_from_kafka(there: Installation) -> None:
    async with there.serving() as running:
        sender, first = await trade(running)
        await there.quiet(running, there.prefix)
        backup = await there.back_up()
        second = await Trade(running.client).job(sender, "After the backup", "plumbing")
        await running.system.bus.send(EraseSubject(UUID(first), "asked to be forgotten"), envelope(UUID(first)))
        for _ in range(3):
            made = await running.system.bus.send(CreateJob("Acme", "Plumber"), envelope(UUID(second)))
    before = await there.relayed_events()

    await there.restore(backup)
    with pytest.raises(HistoryDiffers, match="jobstream recover"):
        await relay_once(there)
    async with open_system(settings_for(there.dsn, there.home), there.dsn) as system:
        with pytest.raises(Halted, match="jobstream recover"):
            await system.bus.send(CreateJob("Acme", "Plumber"), envelope(UUID(second)))
    status, _, errors = await there.command("projector")
    assert status == 1
    assert "jobstream recover" in errors

    status, told, _ = await there.command("recover", "--json")
    assert (status, told["done"]) == (1, False)
    assert told["missing"] == len(before) - told["head"] > 0
    assert told["types"]["dispatch.ServiceJobCreated"] == 1
    assert (told["without_key"], told["erased"], told["without_command_id"]) == ([second], 1, 0)
    assert len(await there.events()) == told["head"]

    status, told, _ = await there.command("recover", "--yes", "--json")
    assert (status, told["done"]) == (0, True)
    assert await there.events() == before

    async with there.serving() as running:
        await there.quiet(running, there.prefix)
        assert (await running.client.get(f"/jobs/{second}")).json()["homeowner"]["name"] == "(erased)"
        assert (await running.client.get(f"/jobs/{first}")).json()["summary"] == "(erased)"
        assert await PostgresNumbers(running.system.database.pool).next(Kind.JOB) > made.result.number
        await Trade(running.client).job(sender, "After the recovery", "plumbing")
    status, told, _ = await there.command("verify", "--json")
    assert (status, told["sound"]) == (0, True), told


async def test_a_store_that_lacks_nothing_is_left_as_it_is(
    there: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.recovery._LEAD_SECONDS", 0.5)
    async with there.serving() as running:
        await trade(running)
        with pytest.raises(RelayAtWork):
            async with recovering(running.system.database, running.system.codec, there.kafka, there.prefix):
                raise AssertionError("beside a relay")
    before = await there.events()
    await there.restore(await there.back_up())
    status, told, _ = await there.command("recover", "--json")
    assert (status, told["missing"], told["done"]) == (0, 0, True)
    async with open_system(settings_for(there.dsn, there.home), there.dsn) as system:
        await system.bus.send(CreateJob("Acme", "Plumber"), envelope(UUID(int=1)))
    assert (await there.events())[: len(before)] == before


async def test_a_new_epoch_gives_up_what_only_kafka_has(there: Installation) -> None:
    async with there.serving() as running:
        sender, _ = await trade(running)
        await there.quiet(running, there.prefix)
        backup = await there.back_up()
        lost = await Trade(running.client).job(sender, "After the backup", "plumbing")
    await there.restore(backup)
    assert (await there.command("recover", "--new-epoch", "--json"))[0] == 1
    status, told, _ = await there.command("recover", "--new-epoch", "--yes", "--json")
    assert (status, told["head"], told["begun_afresh"]) == (0, len(await there.events()), [])
    with pytest.raises(EpochPast, match="KAFKA_TOPIC_PREFIX"):
        await relay_once(there)
    async with there.serving(prefix=f"again-{there.prefix}") as running:
        assert (await running.client.get(f"/jobs/{lost}")).status_code == 404
        await Trade(running.client).job(sender, "In the new epoch", "plumbing")


async def test_a_store_that_went_its_own_way_cannot_be_brought_together_with_kafka(
    there: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.topic_log._SETTLE_SECONDS", 1.0)
    async with there.serving() as running:
        sender, _ = await trade(running)
        await there.quiet(running, there.prefix)
        backup = await there.back_up()
        await Trade(running.client).job(sender, "Kafka's", "plumbing")
    await there.restore(backup)
    same = len(await there.events())
    await there.fetch("update store_epoch set witness = null")  # as in a backup from before the first relay
    async with open_system(settings_for(there.dsn, there.home), there.dsn) as system:
        await system.bus.send(CreateJob("Acme", "Plumber"), envelope(UUID(int=1)))
        async with recovering(system.database, system.codec, there.kafka, there.prefix) as recovery:
            with pytest.raises(Forked, match=f"up to position {same:,} both have the same.*--new-epoch"):
                await recovery.look(lambda done, total: None)
