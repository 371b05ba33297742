"""Schemathesis over a product's OpenAPI document: whatever it generates, the answer is one that the document names."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.integration.pos.conftest import served
from tests.running import Running, running

# The fault lies behind us, and the document says so.
DOCUMENTED_5XX = {502, 503}
KEPT = [status_code_conformance, content_type_conformance, response_schema_conformance]

Ids = Mapping[str, Any]


@contextmanager
def system_in_a_thread(dsn: str, home: Path, furnish: Callable[[Running], Awaitable[Ids]]) -> Iterator[tuple[str, Ids]]:
    """Its address, and ids of what `furnish` made. Schemathesis asks synchronously, so it has a loop of its own."""
    ready: Future[tuple[str, Ids]] = Future()
    stop = threading.Event()

    async def serve() -> None:
        async with running(dsn, home) as on, served(on.client._transport.app) as url:  # type: ignore[attr-defined]
            ready.set_result((url, await furnish(on)))
            await asyncio.to_thread(stop.wait)

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:  # the test tells
            if not ready.done():
                ready.set_exception(error)
            raise

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield ready.result(60)
    finally:
        stop.set()
        thread.join(30)


def operations_kept(document: str, ids: Ids, examples: int) -> set[str]:
    """The operations of the document at this address, each asked so often. Fails where an answer is not as written."""
    schema = schemathesis.openapi.from_url(document)
    tried = set()
    for found in schema.get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(), of_ours=st.booleans())
        def answers(case: Any, of_ours: bool) -> None:
            if of_ours:
                _name(case, ids)
            response = case.call()
            assert response.status_code < 500 or response.status_code in DOCUMENTED_5XX, response.text
            case.validate_response(response, checks=KEPT)

        answers()
        tried.add(f"{operation.method.upper()} {operation.path}")
    assert len(tried) == len({f"{m} {p}" for p, methods in schema.raw_schema["paths"].items() for m in methods})
    return tried


def _name(case: Any, ids: Ids) -> None:
    """Lets a case speak of things that exist: random ids seldom do."""
    for place in (case.path_parameters, case.body):
        if isinstance(place, dict):
            place.update({name: id for name, id in ids.items() if name in place})
