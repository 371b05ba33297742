"""Stands between a client and PostgreSQL's socket, and cuts the connection at the worst moments."""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Self
from urllib.parse import quote, unquote

_SOCKET = ".s.PGSQL.5432"


class CuttingProxy:
    """Speaks no protocol: it forwards bytes until `cut_request` or `cut_answer` says to drop them and hang up."""

    def __init__(self, dsn: str, folder: Path) -> None:
        server, self._target = dsn.split("?host=")
        self.dsn = f"{server}?host={quote(str(folder))}"
        self._path = folder / _SOCKET
        self._writers: set[asyncio.StreamWriter] = set()
        self.cut_request: Callable[[bytes], bool] = lambda _: False
        self.cut_answer: Callable[[bytes], bool] = lambda _: False
        self.refusing = False

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_unix_server(self._serve, self._path)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.hang_up()

    def hang_up(self) -> None:
        """Cut every connection."""
        for writer in self._writers:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refusing:
            writer.close()
            return
        server_reader, server_writer = await asyncio.open_unix_connection(Path(unquote(self._target)) / _SOCKET)
        both = {writer, server_writer}
        self._writers |= both
        requests = self._forward(reader, server_writer, lambda data: self.cut_request(data), both)
        await asyncio.gather(requests, self._forward(server_reader, writer, lambda data: self.cut_answer(data), both))
        self._writers -= both

    async def _forward(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        cut: Callable[[bytes], bool],
        both: set[asyncio.StreamWriter],
    ) -> None:
        with contextlib.suppress(OSError):
            while (data := await reader.read(65536)) and not cut(data):
                writer.write(data)
                await writer.drain()
        for one in both:
            one.close()
