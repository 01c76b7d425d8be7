"""Click groups that suggest the nearest name and import only the command that is run.

Importing all commands would load the engine, rich and the models, which `--help` does not need.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import click

from ..training.errors import did_you_mean
from .failures import ClosedPipe

LONG = 200  # longer than any first sentence


class SuggestingGroup(click.Group):
    """A group that answers an unknown name with the nearest known one."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command named by the arguments. Errors: UsageError for an unknown one."""
        name, known = args[0], self.list_commands(ctx)
        if name not in known and not name.startswith("-"):
            hint = did_you_mean(name, known) or f"; there are {', '.join(known)}"
            raise click.UsageError(f"no command '{name}'{hint}", ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Like click's, but errors in a command's options are attributed to the command."""
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            name = ctx.invoked_subcommand
            if error.ctx is None and name and (command := self.get_command(ctx, name)):
                error.ctx = click.Context(command, parent=ctx, info_name=name)
            raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands in the help, each with its whole first sentence."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, each.get_short_help_str(LONG)) for name, each in commands if each]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


class LazyGroup(SuggestingGroup):
    """Commands from a table, name -> one line of help; each is in a module of the same name."""

    def __init__(self, *args: Any, package: str, table: dict[str, str], **options: Any) -> None:
        super().__init__(*args, **options)
        self.package, self.table = package, table

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """Like click's, but a closed pipe is told apart from other failures."""
        with _raising_closed_pipe():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Like click's, but a closed pipe is told apart from other failures."""
        with _raising_closed_pipe():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the table."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported on demand; None if the table has no such name."""
        if cmd_name not in self.table:
            return None
        command = import_module(f"{self.package}.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands in the help, from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.table.items()))


@contextmanager
def _raising_closed_pipe() -> Iterator[None]:
    """Convert a closed pipe to ClosedPipe: click gives it the exit code of all other failures."""
    try:
        yield
    except BrokenPipeError as error:
        raise ClosedPipe from error
