"""`jobstream import jobs` beside a running system."""

import csv
from pathlib import Path
from typing import Any

import orjson
import pytest

from cli.importing.files import opened
from cli.importing.run import Import, Rejects
from tests.contract.automation.seeker import People
from tests.jobstream import Ended, jobstream

NEEDED = {"title": "Engineer", "company": "Acme"}


def written(folder: Path, *rows: Any) -> Path:
    path = folder / "postings.jsonl"
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    return path


async def imported(file: Path, dsn: str, *more: str) -> Ended:
    return await jobstream("import", "jobs", str(file), *more, DATABASE_URL=dsn)


async def test_a_file_is_imported_once_however_often_it_comes(people: People, tmp_path: Path) -> None:
    file = written(tmp_path, *({**NEEDED, "url": f"https://acme.example/{n}"} for n in range(600)))
    seeker = await people.somebody()
    first = await imported(file, people.dsn, "--owner", str(seeker.owner))
    assert (first.status, first.output.splitlines()[0].split(" in ")[0]) == (0, "600 rows: 600 imported")
    listed = await seeker.ask("GET", "/jobs?limit=1")
    assert listed["total"] == 600
    again = await imported(file, people.dsn, "--owner", str(seeker.owner), "--json")
    assert again.json | {"seconds": 0} == {
        "imported": 0, "known": 600, "rejected": 0, "seconds": 0, "listed": True, "rejects": None
    }  # fmt: skip
    assert (await seeker.ask("GET", "/jobs?limit=1"))["total"] == 600
    assert not (tmp_path / "postings.jsonl.rejects.jsonl").exists()


async def test_bad_rows_are_put_aside_with_number_and_reason(people: People, tmp_path: Path) -> None:
    file = tmp_path / "postings.csv"
    with file.open("w", newline="") as out:
        csv.writer(out).writerows(
            [
                ["Job Title", "Company Name", "Min Salary", "Link"],
                ["Cook", "Acme", "$90k", "https://acme.example/1"],
                ["", "Acme", "", ""],
                ["Smith", "Acme", "a lot", ""],
            ]
        )
    seeker = await people.somebody()
    ended = await imported(file, people.dsn, "--owner", str(seeker.owner), "--source", "indeed")
    [job] = (await seeker.ask("GET", "/jobs"))["jobs"]
    shown = await seeker.shown(job["id"])
    assert ended.status == 3
    rejects = [orjson.loads(line) for line in (tmp_path / "postings.csv.rejects.jsonl").read_bytes().splitlines()]
    assert [(one["number"], one["reason"]) for one in rejects] == [
        (3, "job_title: field required"),
        (4, "salary_min is not an amount of money"),
    ]
    assert rejects[1]["row"]["Job Title"] == "Smith"
    assert "2 rejected, with the reasons in" in ended.output
    assert (shown["job_title"], shown["salary_min"], shown["source"]) == ("Cook", 90000, "indeed")


async def test_an_import_that_was_interrupted_goes_on(people: People, tmp_path: Path) -> None:
    rows = [{**NEEDED, "url": f"https://acme.example/{n}"} for n in range(700)]
    seeker = await people.somebody()
    source = opened(written(tmp_path, *rows))
    first = Import(seeker.running.system, source, seeker.owner, "import", Rejects(tmp_path / "rejects"))

    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await first.run(interrupt)
    assert 0 < first.report.imported < 700
    ended = await imported(tmp_path / "postings.jsonl", people.dsn, "--owner", str(seeker.owner), "--json")
    # Two parts were under way: the second may have come in and was not counted any more.
    assert first.report.imported <= ended.json["known"] < 700
    assert ended.json["imported"] + ended.json["known"] == 700
    assert (await seeker.ask("GET", "/jobs?limit=1"))["total"] == 700


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("postings.xlsx", b"", "a name ends in .csv, .json or .jsonl"),
        ("missing.csv", None, "does not exist"),
    ],
)
async def test_a_file_that_cannot_be_read_is_refused_at_once(
    database: str, tmp_path: Path, name: str, content: bytes | None, told: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    ended = await imported(tmp_path / name, database)
    assert ended.status == 2
    assert told in ended.errors


async def test_real_postings_come_in_whole(people: People, tmp_path: Path) -> None:
    file = Path(__file__).parents[3].parent / "shared" / "data" / "postings" / "ambicuity_jobs.json.gz"
    if not file.exists():
        pytest.skip(f"no real postings: {file.name} is not beside the project")
    seeker = await people.somebody()
    ended = await imported(
        file, people.dsn, "--owner", str(seeker.owner), "--json", "--rejects", str(tmp_path / "rejects")
    )
    listed = await seeker.ask("GET", "/jobs?limit=1000")
    assert (ended.status, ended.json["imported"], ended.json["rejected"]) == (0, 1619, 0)
    assert listed["total"] == 1619
    assert all(job["company"] and job["job_title"] for job in listed["jobs"])
