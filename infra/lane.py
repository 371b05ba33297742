"""Questions that arrive together are asked together."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")


class Lane(Generic[Q, A]):
    """One call of `ask` at a time, for at most `most` questions; what arrives meanwhile goes into the next.

    `ask` answers every question it is given. An error of it reaches everyone whose question was in that call.
    """

    def __init__(self, ask: Callable[[Sequence[Q]], Awaitable[Mapping[Q, A]]], most: int) -> None:
        self._ask, self._most = ask, most
        self._waiting: list[tuple[Q, asyncio.Future[A]]] = []
        self._running: asyncio.Task[None] | None = None

    async def __call__(self, question: Q) -> A:
        answer: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, answer))
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run(), name="lane")
        return await answer

    async def _run(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            try:
                answers = await self._ask([question for question, _ in batch])
            except Exception as error:  # noqa: BLE001 — told to everyone who waits for this batch
                _fail(batch, error)
                continue
            for question, answer in batch:
                if not answer.done():  # else its caller has gone away
                    answer.set_result(answers[question])


def _fail(batch: Sequence[tuple[Q, asyncio.Future[A]]], error: Exception) -> None:
    for _, answer in batch:
        if not answer.done():
            answer.set_exception(error)
