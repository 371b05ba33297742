import asyncio

from infra.database import Database

_TERMINATE = """select count(pg_terminate_backend(pid)) from pg_stat_activity
    where datname = current_database() and application_name = 'jobstream listen'"""


async def test_a_listener_comes_back_and_says_that_something_may_have_been_missed(connections: Database) -> None:
    heard: asyncio.Queue[str | None] = asyncio.Queue()
    connections.listen("news", heard.put_nowait)
    async with asyncio.timeout(60):
        assert await heard.get() is None
        for payload in ("one", "two"):
            assert await connections.pool.fetchval(_TERMINATE) == 1
            assert await heard.get() is None
            await connections.pool.execute("select pg_notify('news', $1)", payload)
            assert await heard.get() == payload


async def test_who_has_unsubscribed_hears_nothing_more(connections: Database) -> None:
    first: asyncio.Queue[str | None] = asyncio.Queue()
    second: asyncio.Queue[str | None] = asyncio.Queue()
    unsubscribe = connections.listen("news", first.put_nowait)
    connections.listen("news", second.put_nowait)
    async with asyncio.timeout(60):
        assert (await first.get(), await second.get()) == (None, None)
        unsubscribe()
        await connections.pool.execute("select pg_notify('news', 'later')")
        assert await second.get() == "later"
    assert first.empty()
