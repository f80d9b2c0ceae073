"""Which commands there are. Only the one that is run is imported, so that every one starts at once."""

from importlib import import_module
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup


class Entry(NamedTuple):
    """A command: the module whose ``app`` it is, and a line that says what it does."""

    module: str
    summary: str


COMMANDS = {
    "verify": Entry("adapters.cli.verify", "Read the whole log again and check that everything holds."),
    "inspect": Entry("adapters.cli.inspect", "Show the events of a stream, or of the whole log."),
}
"""In the order in which ``presage --help`` lists them."""


class Catalogue(TyperGroup):
    """The commands by name. What is listed are stand-ins; what is run is the real command."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, entry in COMMANDS.items():
            self.add_command(TyperCommand(name, help=entry.summary))

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Return the command that the arguments name, and the arguments left for it."""
        name, _, rest = super().resolve_command(ctx, args)
        return name, None if name is None else load(name), rest


def load(name: str) -> Any:
    """Import a command."""
    command = typer.main.get_command(import_module(COMMANDS[name].module).app)
    command.name = name
    return command
