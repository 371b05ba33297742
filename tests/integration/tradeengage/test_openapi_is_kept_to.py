"""TradeEngage answers as its OpenAPI document says."""

from pathlib import Path

from tests.contract.tradeengage.desk import Desk
from tests.integration.openapi_conformance import Ids, operations_kept, system_in_a_thread
from tests.running import Running


async def furnished(on: Running) -> Ids:
    desk = await Desk(on, on.client).open()
    receiver = await desk.register()
    ids = {"job_id": (await desk.post())["id"], "company_id": receiver["id"]}
    return ids | {"created_by_company_id": desk.company, "created_by_technician_id": desk.technician}


def test_every_answer_is_one_that_the_document_names(database: str, tmp_path: Path) -> None:
    with system_in_a_thread(database, tmp_path, furnished) as (url, ids):
        tried = operations_kept(f"{url}/tradeengage/api/v1/openapi.json", ids, examples=40)
    assert any(name.endswith("/jobs/{job_id}/sync") for name in tried)
