"""Follows the log for somebody who watches: what is selected of what was there, then of what comes."""

from collections.abc import AsyncIterator, Sequence

from infra.event_store import EventStore, Row
from streams.feeds import Feed
from streams.history import History, Selection

_POLL_SECONDS = 1.0


async def tail(
    store: EventStore, feed: Feed, selection: Selection, *, first: int | None, latest: int, follow: bool
) -> AsyncIterator[Sequence[Row]]:
    """The selected rows from position `first` on, or else from the `latest` ones on; for ever, if `follow`.

    `feed` says when there is something new.
    """
    history, head = History(store), await store.end()
    if first is None:
        yield await history.latest(selection, latest, head)
        position = head
    else:
        position = first - 1
    while True:
        async for window in history.forwards(selection, position, head):
            yield window.rows
        position = max(position, head)
        if not follow:
            return
        await feed.wait(position, _POLL_SECONDS)
        head = await store.end()
