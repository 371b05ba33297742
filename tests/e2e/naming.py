"""Which commands there are."""

from collections.abc import Sequence

import click

from cli.main import main


def resolves(words: Sequence[str]) -> bool:
    """Whether `jobstream <words>` leads to a command that can be run; what follows the command is its own."""
    command: click.Command | None = main
    for word in words:
        if not isinstance(command, click.Group):
            return True
        command = command.get_command(click.Context(command), word)
    return command is not None


def commands(group: click.Group = main, words: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The words of every command and group below `group`, itself included."""
    found = [words]
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        below = commands(command, (*words, name)) if isinstance(command, click.Group) else [(*words, name)]
        found += below
    return found
