"""What aiokafka logs: while the broker is away each complaint now and then, not ninety of them a second."""

import logging
import time

SECONDS = 30.0  # between two complaints of one kind
_LOGGERS = (
    "aiokafka",
    "aiokafka.cluster",
    "aiokafka.conn",
    "aiokafka.consumer.consumer",
    "aiokafka.consumer.fetcher",
    "aiokafka.consumer.group_coordinator",
    "aiokafka.producer.sender",
)


class NowAndThen(logging.Filter):
    """Lets a kind of message through once in `SECONDS`, whatever its details."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        now, kind = time.monotonic(), str(record.msg)
        if now - self._last.get(kind, -SECONDS) < SECONDS:
            return False
        self._last[kind] = now
        return True


def calm() -> None:
    """Calm aiokafka's loggers down; a second time changes nothing. A logger's filter does not hold for its children."""
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(each, NowAndThen) for each in logger.filters):
            logger.addFilter(NowAndThen())
            logger.setLevel(max(logger.level, logging.WARNING))
