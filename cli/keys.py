"""`jobstream keys`: who may call the HTTP interface where AUTH=enforced."""

from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

import click
import orjson

from api.principal import DEVELOPMENT
from cli.connected import with_database
from cli.settings import fail
from domain.clock import SystemClock
from infra.api_keys import SCOPES, ApiKey, ApiKeys

T = TypeVar("T")


@click.group()
def keys() -> None:
    """API keys: sent as X-API-Key, kept as hashes, shown once.

    \b
    Example:
      jobstream keys create --name dispatch-desk --scope read --scope write
    """


as_json = click.option("--json", "as_json", is_flag=True, help="JSON instead of lines.")


@keys.command()
@click.option("--name", required=True, help="What the key is for; shown in lists.")
@click.option(
    "--scope", "scopes", multiple=True, type=click.Choice(sorted(SCOPES)), default=("read", "write"), show_default=True
)
@click.option("--owner", type=click.UUID, default=DEVELOPMENT.owner, help="The tenant. Default: development's.")
@as_json
def create(name: str, scopes: tuple[str, ...], owner: UUID, as_json: bool) -> None:
    """Make a key and show it, this once.

    \b
    Example:
      jobstream keys create --name subscriber --scope keys:read
    """
    key, text = _with_keys(lambda found: found.create(name, scopes, owner))
    click.echo(orjson.dumps(_described(key) | {"key": text}) if as_json else f"{text}\n\nIt cannot be shown again.")


@keys.command("list")
@as_json
def list_keys(as_json: bool) -> None:
    """Every key, without its secret.

    \b
    Example:
      jobstream keys list --json
    """
    found = _with_keys(lambda keys: keys.list())
    if as_json:
        click.echo(orjson.dumps([_described(key) for key in found]))
        return
    for key in found:
        state = "revoked" if key.revoked_at else "valid"
        click.echo(f"{key.id}  {state:8} {key.name}  [{', '.join(sorted(key.scopes))}]")


@keys.command()
@click.argument("id", type=click.UUID)
def revoke(id: UUID) -> None:
    """End a key; within five seconds no process takes it any more.

    \b
    Exit status: 0 revoked; 1 there is no such key.
    Example:
      jobstream keys revoke 01a2054f-19dc-72c0-8483-4c12dec9b5d9
    """
    if not _with_keys(lambda keys: keys.revoke(id)):
        fail(f"there is no valid key {id}; see: jobstream keys list")
    click.echo("revoked")


def _described(key: ApiKey) -> dict[str, object]:
    return {
        "id": key.id,
        "name": key.name,
        "scopes": sorted(key.scopes),
        "owner": key.owner,
        "created_at": key.created_at,
        "revoked_at": key.revoked_at,
    }


def _with_keys(ask: Callable[[ApiKeys], Awaitable[T]]) -> T:
    return with_database(lambda database: ask(ApiKeys(database.pool, SystemClock())))
