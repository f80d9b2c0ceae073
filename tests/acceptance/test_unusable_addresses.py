"""An address that nobody can listen at is told as what it is, whatever is wrong with it."""

import pytest

from tests.acceptance.presage_process import presage_here

HOSTS = [
    "nowhere.invalid",
    "a..b",
    "a" * 80,
    "1.2.3.4",
    "1:2:3",
    "é.invalid",
    "é" * 80,
    "\x9b\u202e",
    "\x1b[2J.invalid",
]


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize(
    ("command", "code"), [("serve", "unusable_address"), ("eventstore", "cannot_listen")]
)
def test_a_host_that_is_no_address_of_this_machine(
    command: str, code: str, host: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("data")
    ended = presage_here(command, "--host", host, "--port", 0, "--json", "--data", folder)
    assert (ended.status, ended.json["error"]["code"]) == (1, code)
    assert "\x1b" not in ended.stdout + ended.stderr


@pytest.mark.parametrize("command", ["serve", "eventstore"])
@pytest.mark.parametrize("host", ["", "\ud800"])
def test_no_host_at_all_is_not_every_address_of_this_machine(
    command: str, host: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    ended = presage_here(command, "--host", host, "--json", "--data", tmp_path_factory.mktemp("data"))
    assert (ended.status, ended.json["error"]["code"]) == (1, "invalid_setting")
