"""`jobstream replay`: read models made again from the log."""

import sys
from collections.abc import Mapping, Sequence
from uuid import UUID

import click

from cli.connected import with_system
from cli.moment import MOMENT, Moment, first_position
from cli.outdated import drop_each
from cli.processor_time import give_way
from cli.rebuild import replay_each
from cli.repair import repair_each
from cli.republishing import or_republish
from cli.settings import fail
from cli.wishes import FAILED, INTERRUPTED, Wishes, wishing
from infra.append import EpochMismatch
from infra.log_ranges import GapInLog
from projections.failures import Defect, Overtaken
from projections.generations import TablesChanged
from projections.read_model import ReadModel
from projections.rebuild import Busy, FoldsChanged, NoGeneration, OtherEpoch
from projections.repair import Meant, NotRepairable
from projections.standstill import LiveBehind
from runtime.system import READ_MODELS, System
from schemas.keyring import WrongMasterKey

_MODELS: Mapping[str, ReadModel] = {model.name: model for model in READ_MODELS}
_PROBLEMS = (
    Busy,
    Defect,
    EpochMismatch,
    FoldsChanged,
    GapInLog,
    LiveBehind,
    NoGeneration,
    NotRepairable,
    OtherEpoch,
    Overtaken,
    TablesChanged,
    WrongMasterKey,
)


@click.command()
@click.argument("names", nargs=-1, metavar="[READ_MODEL]...", type=click.Choice(sorted(_MODELS)))
@click.option("--all", "every", is_flag=True, help="Every read model, one after the other.")
@click.option("--drop-outdated", is_flag=True, help="Only drop what earlier versions have left; nothing is made.")
@click.option("--stream", type=click.UUID, help="Only the rows of this stream, in the live read model.")
@click.option("--since", type=MOMENT, help="Only rows of streams with an event from there on, likewise.")
@click.option(
    "--type",
    "types",
    multiple=True,
    metavar="EVENT",
    help="Only rows of streams with such an event; with --to-topic only such events.",
)
@or_republish
@wishing
def replay(
    names: Sequence[str],
    every: bool,
    drop_outdated: bool,
    stream: UUID | None,
    since: Moment | None,
    types: Sequence[str],
    wishes: Wishes,
) -> None:
    """Make read models again from the log, beside the live ones, and exchange them.

    Commands and queries go on meanwhile. Each read model is filled as READ_MODEL_vN_next, compared with the live one
    at the same position, and takes its place; the former live one stays as READ_MODEL_vN_old1. However this ends
    before the exchange, the live one is untouched. Nothing is sent: no command, no call, no mail.

    With --stream, --since or --type only the rows of the streams that have such events are made again, from all of
    their events, in the live read model: where its rows come from one stream each.

    With --drop-outdated the generations of earlier versions go, which a deployment leaves behind: once no process of
    the release before is at work.

    With --to-topic no read model is made: events are published again for a new subscriber, with their bytes, keys and
    headers and a mark, which our own processes pass over. A topic that is missing is created. Interrupted or killed,
    the same command goes on where it was.

    \b
    Exit status: 0 exchanged, dropped or published, or a dry run that found nothing; 1 a dry run that found something,
    or the database or Kafka does not answer; 2 bad usage or settings; 3 neither exchanged nor dropped (too many
    changes, or the answer was no); 4 it cannot be made (an event cannot be folded, another replay is at work, a run of
    that name was begun otherwise, …); 130 interrupted.
    Example:
      jobstream replay routings --dry-run
      jobstream replay --all --yes --max-changes 100
      jobstream replay routings --type RoutingSynced --since 2026-03-01T00:00:00Z
      jobstream replay --all --drop-outdated --yes
      jobstream replay --to-topic for-analytics --from 2026-03-01T00:00:00Z --type RoutingSynced --rate 500
    """
    models = _chosen(names, every)
    part = stream is not None or since is not None or bool(types)
    if part and (wishes.rollback or wishes.resume):
        raise click.UsageError("a part is repaired in place: not with --rollback or --resume")
    if stream is not None and (since is not None or types):
        raise click.UsageError("--stream names all of a stream's events: not with --since or --type")
    if drop_outdated and (part or wishes.rollback or wishes.resume):
        raise click.UsageError("--drop-outdated makes nothing: not with --rollback, --resume or a part")

    async def carry_out(system: System) -> int:
        if drop_outdated:
            return await drop_each(system.source, models, wishes)
        if not part:
            return await replay_each(system.source, models, wishes)
        after = 0 if since is None else await first_position(system.store, since) - 1
        return await repair_each(system.source, models, Meant(stream, after, frozenset(types)), wishes)

    give_way()
    try:
        ended = with_system(carry_out)
    except _PROBLEMS as problem:
        fail(str(problem), FAILED)
    except KeyboardInterrupt:
        fail("interrupted; the live generation is as it was, and --resume goes on", INTERRUPTED)
    sys.exit(ended)


def _chosen(names: Sequence[str], every: bool) -> Sequence[ReadModel]:
    if every == bool(names):
        raise click.UsageError(f"name read models ({', '.join(sorted(_MODELS))}), or say --all")
    return READ_MODELS if every else [_MODELS[name] for name in dict.fromkeys(names)]
