"""A program that is killed at a named point: python -m tests.fault.points.dying POINT MODULE [ARGUMENT...].

The kernel ends it there as any SIGKILL would; what it was about to do next is never begun.
"""

import os
import runpy
import signal
import sys
from collections.abc import Callable
from functools import wraps
from itertools import count
from typing import Any

from aiokafka import AIOKafkaProducer

import projections.rebuild
from infra.append_connection import AppendConnection
from infra.pos.mock import MockProvider
from projections.filling import Filling
from projections.projector import Projector
from streams.agents.pos_sync import PosSync
from streams.redrive import Redrive
from streams.relay import Relay

Applies = Callable[..., bool]


def always(*_: Any, **__: Any) -> bool:
    return True


def at(time: int) -> Applies:
    """At this call, counted from 1."""
    calls = count(1)
    return lambda *_, **__: next(calls) == time


def of_the_record(producer: AIOKafkaProducer, topic: str, value: bytes, *_: Any, **__: Any) -> bool:
    return topic.endswith("relay.positions.v1") and bool(value)


# Where: a class or module, and a function of it; whether the kill comes before the call or after it; at which call.
# A relay's first transaction only marks its start.
POINTS: dict[str, tuple[Any, str, str, Applies]] = {
    "appended": (AppendConnection, "append", "after", always),
    "read to publish": (Relay, "_publish", "before", always),
    "half of a batch sent": (AIOKafkaProducer, "send", "before", at(25)),
    "events sent": (AIOKafkaProducer, "send", "before", of_the_record),
    "record sent": (AIOKafkaProducer, "commit_transaction", "before", at(2)),
    "committed": (AIOKafkaProducer, "commit_transaction", "after", at(2)),
    "rows and checkpoint written": (Projector, "_write", "after", always),
    "claimed": (PosSync, "_attempt", "before", always),
    "created at the provider": (MockProvider, "create", "after", always),
    "a chunk written": (Filling, "_save", "after", always),
    "exchanged, not committed": (projections.rebuild, "exchange", "after", always),
    "redriven": (Redrive, "_again", "after", always),
}


def arm(point: str) -> None:
    owner, name, side, applies = POINTS[point]
    original = getattr(owner, name)

    @wraps(original)
    async def dying(*arguments: Any, **named: Any) -> Any:
        dies = applies(*arguments, **named)
        if dies and side == "before":
            await die(arguments[0])
        result = await original(*arguments, **named)
        if dies:
            await die(arguments[0])
        return result

    setattr(owner, name, dying)


async def die(at_work: Any) -> None:
    if isinstance(at_work, AIOKafkaProducer):
        await at_work.flush()  # what was sent has also reached the broker
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    _, point, module, *rest = sys.argv
    arm(point)
    sys.argv = [module, *rest]
    runpy.run_module(module, run_name="__main__")
