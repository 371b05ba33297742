"""The broker launcher."""

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from infra.kafka import jars
from infra.kafka.broker import Broker
from infra.kafka.jars import BrokerUnavailable
from streams import topics
from tests.kafka_log import eventually

# Takes long enough for the others to come, and fills the folder that it is told.
FILLS = """echo once >> {asked}; sleep 0.3
for each; do case $each in -DoutputDirectory=*) mkdir "${{each#*=}}"; touch "${{each#*=}}/kafka.jar";; esac; done"""


async def test_a_broker_keeps_its_data_over_a_stop_and_over_a_kill(own_broker: Broker) -> None:
    await topics.apply(own_broker.bootstrap, "kept.")
    await own_broker.stop()
    assert not own_broker.running
    await own_broker.start()
    await own_broker.kill()
    await own_broker.start()
    assert (await topics.check(own_broker.bootstrap, "kept.")).ok


async def test_make_kafkas_command_says_where_it_is_and_ctrl_c_stops_it_cleanly(
    own_broker: Broker, tmp_path: Path
) -> None:
    await own_broker.stop()  # asked for only to know that brokers can be started here, and for a port that is free
    command = ["-m", "infra.kafka.broker", "--port", str(own_broker.port), "--home", str(tmp_path)]
    process = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=PIPE)
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), 60)
    assert own_broker.bootstrap.encode() in line
    process.send_signal(signal.SIGINT)
    assert await asyncio.wait_for(process.wait(), 30) == 0
    await eventually(lambda: refuses_connections(own_broker.port), 30)


async def test_a_broker_dies_with_its_launcher(own_broker: Broker, tmp_path: Path) -> None:
    await own_broker.stop()
    command = ["-m", "infra.kafka.broker", "--port", str(own_broker.port), "--home", str(tmp_path)]
    process = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=PIPE)
    assert process.stdout is not None
    await asyncio.wait_for(process.stdout.readline(), 60)
    process.kill()
    await process.wait()
    await eventually(lambda: refuses_connections(own_broker.port), 30)


async def refuses_connections(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


async def test_without_java_the_remedy_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BrokerUnavailable, match=r"java is not on the PATH: install .* or set KAFKA_BOOTSTRAP_SERVERS"):
        await Broker(tmp_path / "home").start()


def test_without_maven_the_remedy_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BrokerUnavailable, match="mvn is not on the PATH: install Maven"):
        jars.resolve(tmp_path / "jars")


def pretended_maven(folder: Path, does: str) -> Path:
    """The folder of a program of Maven's name."""
    mvn = folder / "bin" / "mvn"
    mvn.parent.mkdir()
    mvn.write_text(f"#!/bin/sh\n{does}\n")
    mvn.chmod(0o755)
    return mvn.parent


def test_what_maven_says_of_a_failure_is_passed_on_and_nothing_half_done_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails = "echo no route to the repository; exit 1"
    monkeypatch.setenv("PATH", f"{pretended_maven(tmp_path, fails)}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(BrokerUnavailable, match="no route to the repository"):
        jars.resolve(tmp_path / "cache" / "jars")
    assert list((tmp_path / "cache").iterdir()) == []


async def test_several_that_need_the_jars_at_once_ask_maven_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = tmp_path / "asked"
    monkeypatch.setenv(
        "PATH", f"{pretended_maven(tmp_path, FILLS.format(asked=asked))}{os.pathsep}{os.environ['PATH']}"
    )
    folder = tmp_path / "cache" / "jars"
    found = await asyncio.gather(*(asyncio.to_thread(jars.resolve, folder) for _ in range(4)))
    assert found == [folder] * 4
    assert [jar.name for jar in folder.iterdir()] == ["kafka.jar"]
    assert asked.read_text() == "once\n"


async def test_a_taken_port_is_refused(tmp_path: Path, own_broker: Broker) -> None:
    with pytest.raises(BrokerUnavailable, match=f"port {own_broker.port} is taken"):
        await Broker(tmp_path, own_broker.port).start()
