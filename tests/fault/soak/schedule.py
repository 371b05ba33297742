"""What goes wrong when: drawn from a seed, so that a run can be had again."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

# Seconds. Some outlast a lease, a broker's session with its controller, and what a client waits for an answer.
PAUSE = (0.2, 3.0)
SHORT, LONG, LONG_SHARE = (0.1, 2.0), (5.0, 9.0), 0.1


class Kind(StrEnum):
    KILL = "kill"  # and start again
    FREEZE = "freeze"  # and let it go on
    CUT = "cut"  # the server ends the sessions


@dataclass(frozen=True, slots=True)
class Fault:
    """`after` the one before it, `lasts`: seconds."""

    after: float
    target: str
    kind: Kind
    lasts: float

    def __str__(self) -> str:
        return f"{self.kind:6} {self.target:12} {self.lasts:.1f} s"


def schedule(seed: int, count: int, targets: Mapping[str, Sequence[Kind]]) -> list[Fault]:
    """`count` faults; `targets` says what may happen to each."""
    chance = random.Random(seed)
    names = list(targets)
    faults = []
    for _ in range(count):
        target = chance.choice(names)
        kind = chance.choice(targets[target])
        lasts = chance.uniform(*(LONG if chance.random() < LONG_SHARE else SHORT))
        faults.append(Fault(chance.uniform(*PAUSE), target, kind, lasts))
    return faults
