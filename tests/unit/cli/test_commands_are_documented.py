"""The page about the command line names every command, and says rightly what each of them takes."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from adapters.cli.catalogue import COMMANDS, load

PAGE = (Path(__file__).parents[3] / "docs" / "command-line.md").read_text()


def every_command() -> Iterator[tuple[str, Any]]:
    for name in COMMANDS:
        yield from _within(name, load(name))


def _within(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if not inner:
        yield name, command
    for each in (inner or {}).values():
        yield from _within(f"{name} {each.name}", each)


def without(option: str) -> list[str]:
    return [
        name for name, command in every_command() if all(option not in each.opts for each in command.params)
    ]


def test_every_command_is_on_the_page() -> None:
    assert [name for name in COMMANDS if not re.search(rf"\b{name}\b", PAGE)] == []


def test_the_page_says_which_commands_need_no_data_folder() -> None:
    [named] = re.findall(r"Commands that need no data folder do not take it: (.*?)\.\n", PAGE, re.DOTALL)
    assert sorted(re.findall(r"`([^`]+)`", named)) == sorted(without("--data"))


def test_every_command_prints_json() -> None:
    assert without("--json") == []
