"""`jobstream mail`: the letters that MAIL_PROVIDER=file keeps."""

from uuid import UUID

import click
import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.settings import fail, settings_or_exit
from infra.mail.file import FOLDER, Kept, kept_letters


@click.group()
def mail() -> None:
    """Letters in the folder JOBSTREAM_HOME/mail, where they go unless MAIL_PROVIDER says otherwise.

    \b
    Example:
      jobstream mail list
    """


as_json = click.option("--json", "as_json", is_flag=True, help="JSON instead of lines.")


@mail.command("list")
@as_json
def list_letters(as_json: bool) -> None:
    """Every letter, the latest first.

    \b
    Example:
      jobstream mail list --json
    """
    letters = _letters()
    if as_json:
        click.echo(orjson.dumps([_described(kept) for kept in letters]))
    elif Console().is_terminal:
        Console().print(_table(letters))
    else:
        for kept in letters:
            click.echo(f"{kept.id.hex}  {kept.written_at:%Y-%m-%d %H:%M}  {kept.to}  {_plain(kept.subject)}")
        click.echo(f"{len(letters)} kept")


@mail.command()
@click.argument("id", type=click.UUID)
@as_json
def show(id: UUID, as_json: bool) -> None:
    """One letter.

    \b
    Exit status: 0 shown; 1 there is no such letter.
    Example:
      jobstream mail show 5f0c7f6c3a0c5d3f8a1b6c2d4e5f6a7b
    """
    found = next((kept for kept in _letters() if kept.id == id), None)
    if found is None:
        fail(f"there is no letter {id.hex}; see: jobstream mail list")
    if as_json:
        click.echo(orjson.dumps(_described(found) | {"text": found.text}))
        return
    for name in ("Date", "From", "To", "Subject", "Message-ID"):
        click.echo(f"{name}: {_plain(str(found.message[name]))}")
    click.echo(f"\n{_plain(found.text)}")


def _letters() -> list[Kept]:
    return kept_letters(settings_or_exit().jobstream_home / FOLDER)


def _table(letters: list[Kept]) -> Table:
    table = Table("id", "written", "to", "subject", caption=f"{len(letters)} kept")
    for kept in letters:
        # As Text: what somebody wrote is no markup.
        table.add_row(kept.id.hex, f"{kept.written_at:%Y-%m-%d %H:%M}", Text(kept.to), Text(_plain(kept.subject)))
    return table


def _described(kept: Kept) -> dict[str, object]:
    return {"id": kept.id.hex, "written_at": kept.written_at, "to": kept.to, "subject": kept.subject}


def _plain(text: str) -> str:
    """Without what would command the terminal."""
    return "".join(character for character in text if character.isprintable() or character in "\n\t")
