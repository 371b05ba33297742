"""Integer ids from PostgreSQL's sequences."""

import asyncio
from collections.abc import Sequence

from domain.numbers import Kind
from infra.database import Pool

_NEXT = "select nextval($1::regclass) from generate_series(1, $2)"


class PostgresNumbers:
    """Gives out the numbers of one sequence a kind.

    Nothing is kept in advance, so numbers follow time across processes and restarts. Callers that come in while a
    query is under way share the next one: at 32 callers that is a query for some twenty numbers.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._waiting: dict[Kind, list[asyncio.Future[int]]] = {}
        self._asking: set[asyncio.Task[None]] = set()

    async def next(self, kind: Kind) -> int:
        """Raises what asyncpg raises."""
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.get(kind)
        if waiting is not None:
            waiting.append(future)
        else:
            self._waiting[kind] = [future]
            task = asyncio.create_task(self._ask(kind))
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)
        return await future

    async def block(self, kind: Kind, count: int) -> Sequence[int]:
        """`count` numbers, in order. Raises what asyncpg raises."""
        return [row["nextval"] for row in await self._pool.fetch(_NEXT, f"{kind}_numbers", count)]

    async def _ask(self, kind: Kind) -> None:
        while futures := self._waiting.pop(kind, None):
            self._waiting[kind] = []
            try:
                numbers = await self.block(kind, len(futures))
            except Exception as error:  # noqa: BLE001 (it belongs to those who asked)
                _fail(futures, error)
            else:
                for future, number in zip(futures, numbers, strict=True):
                    if not future.done():
                        future.set_result(number)


def _fail(futures: Sequence[asyncio.Future[int]], error: Exception) -> None:
    for future in futures:
        if not future.done():
            future.set_exception(error)
