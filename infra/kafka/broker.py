"""A real Kafka broker on loopback, without containers: one KRaft node in a child process.

Run it: python -m infra.kafka.broker --port 9092 --home .jobstream/kafka
"""

import argparse
import asyncio
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from infra import postgres_process
from infra.kafka import jars
from infra.kafka.jars import BrokerUnavailable

_HERE = Path(__file__).parent
_CLUSTER_ID = "am9ic3RyZWFtLWRldi0wMQ"  # 16 bytes in base64url; any will do
# With the quick compiler alone a short-lived broker is up in 1.7 s and 182 MB, otherwise in 2.0 s and 230 MB.
_JVM = ("-Xms128m", "-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto")

logger = logging.getLogger(__name__)


class Broker:
    """One broker with its data under `home`; it can be stopped, killed and started again over the same data."""

    def __init__(self, home: Path, port: int = 0, jar_folder: Path | None = None) -> None:
        """`port` 0 picks a free one; it stays the same over restarts."""
        self.home = home.absolute()
        self.port = port or _free_port()
        self._controller_port = _free_port()
        self._jar_folder = jar_folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    async def start(self, timeout: float = 60.0) -> None:
        """Starts the broker and returns once clients get its metadata.

        Raises `BrokerUnavailable` when Java, Maven or the jars are missing, the port is taken, the broker dies, or
        `timeout` seconds pass.
        """
        java = jars.java()
        libraries = await asyncio.to_thread(jars.resolve, self._jar_folder)
        self._refuse_taken_port()
        self._configure()
        command = [java, *_JVM, f"-Dlog4j2.configurationFile={_HERE / 'log4j2.properties'}"]
        command += ["-cp", jars.classpath(libraries)]
        if not (self._data / "meta.properties").exists():
            await asyncio.to_thread(self._format, command)
        self._launch(command)
        try:
            await asyncio.wait_for(self._answers(), timeout)
        except TimeoutError:
            await self.kill()
            raise BrokerUnavailable(f"the broker did not answer within {timeout:g} s; see {self._log}") from None

    async def stop(self, timeout: float = 30.0) -> None:
        """Stops the broker in good order (0.2 to 0.6 s), or by force after `timeout` seconds."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            await asyncio.to_thread(self._process.wait, timeout)
        except subprocess.TimeoutExpired:
            logger.warning("the broker did not stop within %s s and is killed", timeout)
            await self.kill()

    async def kill(self) -> None:
        """Ends the broker as a crash would (kill -9)."""
        if self._process is not None:
            self._process.kill()
            await asyncio.to_thread(self._process.wait)

    @property
    def _data(self) -> Path:
        return self.home / "data"

    @property
    def _log(self) -> Path:
        return self.home / "broker.log"

    @property
    def _properties(self) -> Path:
        return self.home / "server.properties"

    def _configure(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        template = (_HERE / "server.properties").read_text()
        for name, value in (("port", self.port), ("controller_port", self._controller_port), ("data", self._data)):
            template = template.replace(f"{{{name}}}", str(value))
        self._properties.write_text(template)

    def _refuse_taken_port(self) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", self.port))
            except OSError:
                raise BrokerUnavailable(f"port {self.port} is taken: stop what listens there or use another") from None

    def _format(self, command: list[str]) -> None:
        format_ = ["kafka.tools.StorageTool", "format", "-t", _CLUSTER_ID, "-c", str(self._properties)]
        done = subprocess.run([*command, *format_], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise BrokerUnavailable(f"{self._data} could not be formatted: {(done.stdout + done.stderr).strip()[:600]}")

    def _launch(self, command: list[str]) -> None:
        # Through the script that has the kernel end the broker with us, whatever we die of. A session of its own keeps
        # the terminal's Ctrl-C from it: that is for us, and we stop it in good order.
        within = [sys.executable, "-I", "-S", postgres_process.__file__, str(os.getpid()), "TERM", "self"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*within, *command, "kafka.Kafka", str(self._properties)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    async def _answers(self) -> None:
        while not await _has_metadata(self.bootstrap, self.port):
            if not self.running:
                raise BrokerUnavailable(f"the broker died: {self._last_words()}; see {self._log}")
            await asyncio.sleep(0.02)

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").strip().splitlines()
        return next((line for line in reversed(lines) if "Exception" in line or "Error" in line), "it left no reason")


async def _has_metadata(bootstrap: str, port: int) -> bool:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) != 0:  # the client would log an error for each refused connection
            return False
    client = AIOKafkaClient(bootstrap_servers=bootstrap, request_timeout_ms=2000)
    try:
        await client.bootstrap()
        return bool(client.cluster.brokers())
    except KafkaError:
        return False
    finally:
        await client.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _run(port: int, home: Path) -> None:
    stopped = asyncio.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signum, stopped.set)
    broker = Broker(home, port)
    started = time.monotonic()
    await broker.start()
    print(f"Kafka answers on {broker.bootstrap} after {time.monotonic() - started:.1f} s; Ctrl-C stops it", flush=True)
    while broker.running and not stopped.is_set():
        try:
            await asyncio.wait_for(stopped.wait(), 0.5)
        except TimeoutError:
            continue
    if not stopped.is_set():
        raise BrokerUnavailable(f"the broker died; see {home / 'broker.log'}")
    await broker.stop()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m infra.kafka.broker", description="A Kafka broker for development.")
    parser.add_argument("--port", type=int, default=9092, help="port on 127.0.0.1 (default 9092)")
    parser.add_argument("--home", type=Path, default=Path(".jobstream/kafka"), help="folder of its data and log")
    arguments = parser.parse_args()
    try:
        asyncio.run(_run(arguments.port, arguments.home))
    except BrokerUnavailable as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
