"""What is logged while no broker answers."""

import asyncio
import logging

import pytest

from infra.kafka import client_logging
from streams.consumer import consuming


async def test_a_broker_that_is_away_is_complained_of_now_and_then(caplog: pytest.LogCaptureFixture) -> None:
    client_logging.calm()
    client_logging.calm()
    for name in client_logging._LOGGERS:
        logger = logging.getLogger(name)
        assert len([each for each in logger.filters if isinstance(each, client_logging.NowAndThen)]) == 1
    for _ in range(20):
        with pytest.raises(Exception, match="Unable to bootstrap"):
            async with consuming("127.0.0.1:1"):
                await asyncio.sleep(0)
    complaints = [record for record in caplog.records if record.name.startswith("aiokafka")]
    assert len({record.msg for record in complaints}) == len(complaints) < 5
