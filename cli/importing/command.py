"""`jobstream import jobs`."""

import sys
from dataclasses import asdict
from pathlib import Path
from uuid import UUID

import click
import orjson

from api.principal import DEVELOPMENT
from cli.connected import with_system
from cli.importing.files import UnknownFormat, opened
from cli.importing.run import Import, Rejects, Report
from cli.progress import progress
from cli.settings import BAD_SETTINGS, fail
from commands.bus import Conflict, Unavailable
from infra.counted import counted
from runtime.system import System

SOME_REJECTED = 3
_KB = 1024


@click.group("import")
def import_() -> None:
    """Bring in what people have.

    \b
    Example:
      jobstream import jobs postings.csv
    """


@import_.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--owner", type=click.UUID, default=DEVELOPMENT.owner, help="Whose they are; unset: development's.")
@click.option("--source", default="import", show_default=True, help="Where they are from, where a row does not say so.")
@click.option("--rejects", type=click.Path(dir_okay=False, path_type=Path), help="Unset: FILE.rejects.jsonl")
@click.option("--json", "as_json", is_flag=True, help="JSON instead of lines.")
def jobs(file: Path, owner: UUID, source: str, rejects: Path | None, as_json: bool) -> None:
    """Import a file of postings: .csv, .json (a list, or an object with one) or .jsonl, also compressed (.gz).

    Columns are found by their usual names: company, title or job_title, url, location, salary_min and so on. Rows
    that are no postings go into the file of rejects, with number and reason. Importing a file again changes nothing.

    \b
    Exit status: 0 all there; 3 some rows were rejected, the others are there; 1 the database did not answer (begin
    again: it goes on where it was); 2 a bad setting or file.
    Example:
      jobstream import jobs postings.csv --source indeed
    """
    place = Rejects(rejects or file.with_name(f"{file.name}.rejects.jsonl"))

    async def ask(system: System) -> Report:
        return await _imported(system, file, owner, source, place)

    try:
        report = with_system(ask)
    finally:
        place.close()
    if as_json:
        click.echo(orjson.dumps(asdict(report) | {"rejects": str(place.path) if report.rejected else None}))
    else:
        _tell(report, place.path)
    sys.exit(SOME_REJECTED if report.rejected else 0)


async def _imported(system: System, file: Path, owner: UUID, board: str, rejects: Rejects) -> Report:
    try:
        source = opened(file)
    except (UnknownFormat, OSError) as problem:
        fail(str(problem), BAD_SETTINGS)
    with source.raw, progress("kB") as shows:
        # Reading is ahead of importing: the end is reached when the answer says so.
        size = source.size // _KB + 1
        under_way = Import(system, source, owner, board, rejects)
        try:
            return await under_way.run(lambda: shows("importing", file.name, source.done // _KB, size))
        except (Conflict, Unavailable) as problem:
            fail(f"{counted(under_way.report.imported, 'row')} imported, and then: {problem}; begin again to go on")


def _tell(report: Report, rejects: Path) -> None:
    rows = report.imported + report.known + report.rejected
    rate = f" ({report.imported / report.seconds:,.0f}/s)" if report.imported else ""
    imported = f"{report.imported:,} imported in {report.seconds:.1f} s{rate}"
    click.echo(f"{counted(rows, 'row')}: {imported}, {report.known:,} known")
    if not report.listed:
        click.echo("They are listed as soon as a projector runs (jobstream serve, or jobstream projector).")
    if report.rejected:
        click.echo(f"{report.rejected:,} rejected, with the reasons in {rejects}")
