import asyncio
import time

from sqlalchemy import Column, Integer, MetaData, Table

from projections.announcements import Announcement, News, join
from projections.positions import Positions
from projections.read_model import ReadModel


def model(name: str) -> ReadModel:
    return ReadModel(name, 1, [Table("t", MetaData(), Column("id", Integer, primary_key=True))])


jobs, offers = model("jobs"), model("offers")


def passed(read_model: ReadModel, position: int, news: News = News.CHANGED) -> Announcement:
    return Announcement(read_model.schema, position, news)


async def test_a_waiter_is_woken_once_all_of_its_read_models_have_come_far_enough() -> None:
    positions = Positions([jobs, offers])
    waiting = asyncio.create_task(positions.reached([jobs, offers], 5, timeout=30))
    positions.publish(passed(jobs, 5))
    await asyncio.sleep(0)
    positions.publish(passed(offers, 4))
    await asyncio.sleep(0)
    assert not waiting.done()
    positions.publish(passed(offers, 9))
    assert await waiting


async def test_a_projector_that_begins_where_somebody_waits_to_be_wakes_them() -> None:
    positions = Positions([jobs])
    waiting = asyncio.create_task(positions.reached([jobs], 5, timeout=30))
    await asyncio.sleep(0)
    positions.restart(jobs, 5)
    assert await asyncio.wait_for(waiting, 25)


async def test_a_projector_that_falls_back_takes_its_position_back() -> None:
    positions = Positions([jobs])
    positions.publish(passed(jobs, 9))
    positions.restart(jobs, 5)
    assert not await positions.reached([jobs], 9, timeout=0)


async def test_who_asks_for_a_position_that_was_passed_does_not_wait() -> None:
    positions = Positions([jobs])
    positions.publish(passed(jobs, 5))
    assert await positions.reached([jobs], 5, timeout=0)


async def test_a_wait_ends_after_its_time() -> None:
    positions = Positions([jobs])
    assert not await positions.reached([jobs], 1, timeout=0.01)


async def test_nobody_waits_for_a_read_model_that_stops() -> None:
    positions = Positions([jobs])
    positions.publish(passed(jobs, 3))
    waiting = asyncio.create_task(positions.reached([jobs], 5, timeout=30))
    await asyncio.sleep(0)
    positions.publish(passed(jobs, 3, News.STOPPED))
    assert await waiting
    assert positions.stopped(jobs)
    positions.publish(passed(jobs, 4))
    assert not positions.stopped(jobs)


async def test_late_news_of_a_stop_that_was_mended_is_ignored() -> None:
    positions = Positions([jobs])
    positions.publish(passed(jobs, 4))
    positions.publish(passed(jobs, 3, News.STOPPED))
    assert not positions.stopped(jobs)


async def test_callbacks_run_once_for_each_batch_that_changed_rows() -> None:
    positions = Positions([jobs, offers])
    changes: list[int] = []
    positions.on_change(jobs, lambda: changes.append(positions.of(jobs)))
    for news in (passed(jobs, 1), passed(jobs, 1), passed(jobs, 2, News.PASSED), passed(offers, 3), passed(jobs, 3)):
        positions.publish(news)
    assert changes == [1, 3]


async def test_a_notification_carries_the_news_of_several_read_models() -> None:
    positions = Positions([jobs, offers])
    positions.heard(join([passed(jobs, 7), passed(offers, 8, News.PASSED)]) + " others_v1:9:1")
    assert (positions.of(jobs), positions.of(offers)) == (7, 8)


async def test_it_is_ready_when_all_read_models_have_reached_the_head() -> None:
    positions = Positions([jobs, offers])
    positions.publish(passed(jobs, 7))
    positions.publish(passed(offers, 6))
    assert not positions.ready([jobs, offers], 7)
    positions.publish(passed(offers, 7, News.PASSED))
    assert positions.ready([jobs, offers], 7)


async def test_thousands_of_waiters_are_served_and_those_who_gave_up_are_let_go() -> None:
    positions = Positions([jobs])
    impatient = [positions.reached([jobs], 10**9 + n, timeout=0) for n in range(5000)]
    assert not any(await asyncio.gather(*impatient))
    started = time.process_time()
    waiting = [asyncio.create_task(positions.reached([jobs], n, timeout=30)) for n in range(5000)]
    await asyncio.sleep(0)
    for position in range(0, 5000, 50):
        positions.publish(passed(jobs, position))
        await asyncio.sleep(0)
    positions.publish(passed(jobs, 5000))
    assert all(await asyncio.gather(*waiting))
    assert time.process_time() - started < 2
    assert len(positions._tracks[jobs.schema]._waiters) < 5000


async def test_a_read_model_that_was_replaced_has_changed_wherever_it_stands() -> None:
    positions, changes = Positions([jobs]), list[int]()
    positions.on_change(jobs, lambda: changes.append(positions.of(jobs)))
    for news in (News.CHANGED, News.CHANGED, News.REPLACED, News.PASSED):
        positions.publish(passed(jobs, 5, news))
    assert changes == [5, 5]
