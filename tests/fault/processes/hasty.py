"""The same programs with short waits, so that a test sees the end of a dead worker's lease: `… hasty serve`.

A lease must outlast the longest call to a provider; the embedded one answers in milliseconds.
"""

from datetime import timedelta

import commands.dispatch
import domain.dispatch.routing
import infra.pos.mock
import projections.deadlines.fold
import streams.agents.pos_sync
from cli.main import main
from domain.dispatch.retries import RetryPolicy
from infra.outbound import Policy

SETTLE = timedelta(seconds=0.5)


def hurry() -> None:
    streams.agents.pos_sync.LEASE = timedelta(seconds=3)
    domain.dispatch.routing.SETTLE = projections.deadlines.fold.SETTLE = SETTLE  # type: ignore[attr-defined]
    commands.dispatch.RETRIES = RetryPolicy(attempts=50, first=timedelta(seconds=0.3), longest=timedelta(seconds=1))
    infra.pos.mock.POLICY = Policy(slots=512, queue=4096, cooldown=1.0)


if __name__ == "__main__":
    hurry()
    main()
