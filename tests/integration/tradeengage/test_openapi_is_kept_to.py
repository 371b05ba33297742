"""Schemathesis over the OpenAPI document: whatever it generates, the answer is one that the document names."""

import asyncio
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.contract.tradeengage.desk import Desk
from tests.integration.pos.conftest import served
from tests.running import running

# The fault lies behind us, and the document says so.
DOCUMENTED_5XX = {502, 503}
KEPT = [status_code_conformance, content_type_conformance, response_schema_conformance]
PLACE = "/tradeengage/api/v1"


@contextmanager
def system_in_a_thread(dsn: str, home: Path) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Schemathesis asks synchronously, so that what answers runs in a loop of its own."""
    ready: Future[tuple[str, Mapping[str, str]]] = Future()
    stop = threading.Event()

    async def serve() -> None:
        async with running(dsn, home) as on, served(on.client._transport.app) as url:  # type: ignore[attr-defined]
            desk = await Desk(on, on.client).open()
            receiver = await desk.register()
            ids = {"job_id": (await desk.post())["id"], "company_id": receiver["id"]}
            asking = {"created_by_company_id": desk.company, "created_by_technician_id": desk.technician}
            ready.set_result((url, ids | asking))
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
        yield ready.result(30)
    finally:
        stop.set()
        thread.join(30)


def known(case: Any, ids: Mapping[str, str]) -> None:
    """Lets a case speak of things that exist: random ids seldom do."""
    for place in (case.path_parameters, case.body):
        if isinstance(place, dict):
            place.update({name: id for name, id in ids.items() if name in place})


@pytest.fixture
def asked(database: str, tmp_path: Path) -> Iterator[tuple[Any, Mapping[str, str]]]:
    with system_in_a_thread(database, tmp_path) as (url, ids):
        yield schemathesis.openapi.from_url(f"{url}{PLACE}/openapi.json"), ids


def test_every_answer_is_one_that_the_document_names(asked: tuple[Any, Mapping[str, str]]) -> None:
    schema, ids = asked
    tried = set()
    for found in schema.get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=40,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(), of_ours=st.booleans())
        def answers(case: Any, of_ours: bool) -> None:
            if of_ours:
                known(case, ids)
            response = case.call()
            assert response.status_code < 500 or response.status_code in DOCUMENTED_5XX, response.text
            case.validate_response(response, checks=KEPT)

        answers()
        tried.add(f"{operation.method.upper()} {operation.path}")
    assert len(tried) == len({f"{m} {p}" for p, methods in schema.raw_schema["paths"].items() for m in methods})
    assert any(name.endswith("/jobs/{job_id}/sync") for name in tried)
