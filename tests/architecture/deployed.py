"""The commands that deployments and documents name, held against the command line."""

import re
import shlex
from collections.abc import Sequence
from typing import Any

import typer

from adapters.cli.catalogue import COMMANDS, load

_STANDS_FOR_SOMETHING = re.compile(r"\$\(\w+\)|\$\{?\w+\}?")


def fault(command: Sequence[str]) -> str | None:
    """Return what the command line would refuse in a command, without running it."""
    program, name, *rest = [_STANDS_FOR_SOMETHING.sub("x", part) for part in command]
    assert program == "presage", command
    if name not in COMMANDS:
        return f"there is no command {name}"
    found: Any = load(name)
    while inner := getattr(found, "commands", None):
        if not rest or rest[0] not in inner:
            return f"{shlex.join(command)}: it is one of {', '.join(inner)}"
        found, rest = inner[rest[0]], rest[1:]
    try:
        found.make_context(found.name, rest)
    except typer.TyperException as error:
        return f"{shlex.join(command)}: {error.format_message()}"
    return None
