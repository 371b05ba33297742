"""The same programs with short waits, so that a test sees the end of a dead worker's lease: `… hasty serve`.

A lease must outlast the longest call to a provider, which is shortened with it.
"""

from datetime import timedelta
from functools import partial
from typing import Any

import commands.dispatch
import domain.dispatch.routing
import infra.pos.mock
import infra.pos.registry
import projections.deadlines.fold
import streams.agents.pos_sync
import streams.runner
from cli.main import main
from domain.retries import RetryPolicy
from infra.outbound import Outbound, Policy

SETTLE = timedelta(seconds=0.5)
# What is in flight at once has to come through a provider's pace within an attempt's time: five calls for each at 60 a
# second. As ever that is 128 * 5 / 60 = 11 s of 30; in 2.5 s only so many, or a backlog never makes any progress.
IN_FLIGHT = 16
SHORT: tuple[tuple[Any, str, Any], ...] = (
    (streams.runner, "IN_FLIGHT", IN_FLIGHT),
    (streams.agents.pos_sync, "CALL_SECONDS", 2.5),
    (streams.agents.pos_sync, "LEASE", timedelta(seconds=3)),
    (domain.dispatch.routing, "SETTLE", SETTLE),
    (projections.deadlines.fold, "SETTLE", SETTLE),
    (projections.deadlines.fold, "RECONCILE_AFTER", timedelta(seconds=3)),
    (
        commands.dispatch,
        "RETRIES",
        RetryPolicy(attempts=50, first=timedelta(seconds=0.3), longest=timedelta(seconds=1)),
    ),
    (infra.pos.mock, "POLICY", Policy(slots=512, queue=4096, cooldown=1.0)),
    (infra.pos.registry, "Outbound", partial(Outbound, policy=Policy(cooldown=1.0))),
)


def hurry() -> None:
    for module, name, value in SHORT:
        setattr(module, name, value)


if __name__ == "__main__":
    hurry()
    main()
