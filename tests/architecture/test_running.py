"""The runbook names nothing that there is not, and leaves out nothing that may be wrong."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from adapters.settings import VARIABLES
from application.health import Trouble
from tests.architecture.deployed import fault

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "running.md").read_text()
BLOCKS = re.findall(r"^```\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
INLINE = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", PAGE, flags=re.DOTALL | re.MULTILINE))
LINES = [*(line for block in BLOCKS for line in block.splitlines()), *INLINE]

ONLY_NAMED = {"presage api", "presage engine"}
"""Roles that the page speaks of without showing how they are started."""


def commands(program: str) -> list[list[str]]:
    return [shlex.split(line) for line in LINES if line.startswith(f"{program} ")]


@pytest.mark.parametrize("command", commands("presage"), ids=shlex.join)
def test_every_command_of_the_page_is_on_the_command_line(command: list[str]) -> None:
    if shlex.join(command) not in ONLY_NAMED:
        assert fault(command) is None


def test_the_page_shows_commands_that_change_what_runs() -> None:
    assert len(commands("presage")) > 20
    named = {command[1] for command in commands("presage")}
    assert named >= {"ring", "cluster", "export", "import", "verify", "rebuild", "keys", "queue"}


def test_every_file_that_compose_and_kubectl_are_given_is_there() -> None:
    files = [
        command[at + 1]
        for program in ("docker", "kubectl")
        for command in commands(program)
        for at, part in enumerate(command)
        if part in ("-f", "-k")
    ]
    assert len(files) > 5
    for file in files:
        assert (ROOT / file).exists(), file


def test_what_is_run_in_a_service_of_compose_is_on_the_command_line_and_the_service_is_there() -> None:
    services = yaml.safe_load((ROOT / "ops" / "compose.roles.yaml").read_text())["services"]
    run = [command[command.index("exec") + 1 :] for command in commands("docker") if "exec" in command]
    assert run
    for service, *command in run:
        assert service in services
        assert fault(command) is None
    copied = [command[command.index("cp") + 1] for command in commands("docker") if "cp" in command]
    assert copied
    for service, folder in (each.split(":") for each in copied):
        assert any(f":{Path(folder).parent}" in volume for volume in services[service]["volumes"])


def resources() -> Iterator[tuple[str, str]]:
    for path in (ROOT / "ops" / "kubernetes").glob("*.yaml"):
        for each in yaml.safe_load_all(path.read_text()):
            if "name" in each.get("metadata", {}):
                yield each["kind"].lower(), each["metadata"]["name"]


def test_kubectl_is_told_of_what_the_manifests_make() -> None:
    there = set(resources())
    named = re.findall(r"(deployment|statefulset)[/ ](presage-\w+)", PAGE)
    assert len(named) > 5
    assert set(named) <= there
    for role, container in re.findall(r"set image \w+/(presage-\w+) (\w+)=", PAGE):
        assert role == f"presage-{container}"


def test_every_variable_of_the_page_is_a_setting() -> None:
    assert set(re.findall(r"`(PRESAGE_\w+)`", PAGE)) <= set(VARIABLES.values())


def test_every_condition_has_a_row_that_says_what_to_do() -> None:
    table = PAGE.partition("### Conditions")[2]
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", table, re.MULTILINE))
    assert set(rows) == {trouble.value for trouble in Trouble}


def test_every_metric_of_the_page_is_one_that_is_told() -> None:
    told = (ROOT / "docs" / "watching.md").read_text()
    for metric in set(re.findall(r"`(presage_\w+)`", PAGE)):
        named = metric.removeprefix("presage_read_models")
        assert metric in told or (metric.startswith("presage_read_models") and f"`{named}`" in told), metric
