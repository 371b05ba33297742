"""Processor time: what a process leaves to others, and what it spares itself."""

import gc
import os

_COLLECT_AFTER = (50_000, 20, 50)
_NICENESS = 10


def spare_collections() -> None:
    """Have the garbage collector look less often, and no more at what start-up has made.

    With the library's thresholds it took half of a posted job's processor time, and half of a rebuild's: each request
    makes thousands of objects, nearly all of which go by reference counting.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)


def give_way() -> None:
    """Let other processes of the machine go first: those that somebody waits for. Nothing changes on a machine apart.

    With two cores for everything, the API answered half as many requests again while agents worked off a backlog.
    """
    os.nice(_NICENESS)
