"""The same cases against a cluster: with ``PRESAGE_TEST_CLUSTER=1`` every server of a test is one.

A data folder stands for an exchange then as it does elsewhere: the first API runs on it, commands find it
there, and beside it lies what the other processes keep. Log, read models and names in Redis are its own.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

from tests.databases import fresh_postgres
from tests.redis_server import RedisServer, running_redis

CLUSTER = os.environ.get("PRESAGE_TEST_CLUSTER") == "1"
"""Whether servers are clusters where the test does not say."""

ONE_PROCESS = "what one process does, with its data folder or at its address"
OWN_CLUSTER = "starts and breaks the processes itself"
HOUSE = "the house of the demonstration trades in `presage serve` only"

LEFT_OUT = {
    "test_chaos.py": "experiments start servers of their own",
    "test_cluster.py": OWN_CLUSTER,
    "test_serve_workers.py": OWN_CLUSTER,
    "test_workers_killed_under_load.py": OWN_CLUSTER,
    "test_projector.py": OWN_CLUSTER,
    "test_folders.py": ONE_PROCESS,
    "test_full_disk_at_start.py": ONE_PROCESS,
    "test_full_disk_while_running.py": ONE_PROCESS,
    "test_serve.py::test_the_demonstration_has_markets_with_prices_on_both_sides": HOUSE,
    "test_serve.py::test_the_house_goes_on_trading": HOUSE,
    "test_serve.py::test_the_demo_account_trades_with_the_house_at_once": HOUSE,
    "test_serve.py::test_a_second_process_on_the_same_folder_is_refused": ONE_PROCESS,
    "test_serve.py::test_a_taken_port_is_refused_without_touching_who_has_it": ONE_PROCESS,
    "test_serve.py::test_a_damaged_folder_is_refused_and_the_file_named": ONE_PROCESS,
    "test_serve.py::test_a_folder_of_something_else_is_refused_and_left_alone": ONE_PROCESS,
    "test_command_line.py::test_reading_a_folder_that_is_not_there_makes_none": ONE_PROCESS,
    "test_command_line.py::test_an_impossible_setting_is_named": "what every command says",
    "test_cluster_outage.py": "how short the pauses of one process are, to the second",
    "test_dashboard_with_data.py": "each process of a cluster has figures of its own, at its own address",
    "test_log_replaced.py": "what the process that writes the log tells at its own address",
    "test_documentation.py::test_the_examples_of_a_document_work[docs/command-line.md]": "a folder to import",
    "test_documentation.py::test_the_examples_of_a_document_work[docs/sandbox.md]": "a sandbox is a folder",
    "test_shutdown.py": "the steps of one process, told one by one",
    "test_silent_connections.py": "how few files one process may have open",
    **dict.fromkeys(
        (
            "test_watching_commands.py::test_measurements_outlive_the_server_and_a_crash_is_time_lost",
            "test_watching_commands.py::test_a_damaged_file_of_measurements_stops_nothing_but_the_measuring",
        ),
        "each engine has measurements of its own, in its folder; the API has none",
    ),
    "test_wheel.py": "that it is installed by itself, whatever it runs",
}
"""What is not told of a cluster, and why: whole files, and single cases of others."""


def why_left_out(node: str) -> str | None:
    """Return why a case is not told of a cluster, ``None`` if it is."""
    path, _, case = node.partition("::")
    file = path.rpartition("/")[2]
    names = (file, f"{file}::{case}", f"{file}::{case.partition('[')[0]}")
    return next((LEFT_OUT[name] for name in names if name in LEFT_OUT), None)


class _Services:
    """What was started for the exchanges of the tests of a file, by the folder that stands for each."""

    def __init__(self) -> None:
        self.stack = ExitStack()
        self.by_folder: dict[Path, dict[str, str]] = {}


_running = _Services()
_until_the_end = ExitStack()


@cache
def shared_redis() -> RedisServer:
    """Return a Redis for all exchanges of the run: each has names of its own in it."""
    return _until_the_end.enter_context(running_redis())


@contextmanager
def services_for_a_file() -> Iterator[None]:
    """Stop what was started for the tests of a file."""
    yield
    _running.stack.close()
    _running.by_folder.clear()


def stop_what_is_shared() -> None:
    """Stop what was started for all of them."""
    _until_the_end.close()


def environment_of(data: Path) -> dict[str, str]:
    """Return the settings by which processes are of the exchange that a folder stands for."""
    if not CLUSTER:
        return {}
    data = data.absolute()
    if data not in _running.by_folder:
        with ThreadPoolExecutor(1) as apart:  # whoever asks may be in a loop already
            _running.by_folder[data] = apart.submit(_started, data).result()
    return _running.by_folder[data]


def _started(data: Path) -> dict[str, str]:
    from tests.acceptance.event_stores import running_node

    place = os.environ.get("PRESAGE_EVENT_STORE", "sqlite")
    if "://" not in place:
        node = beside(data) / "node"
        node.mkdir(parents=True, exist_ok=True)
        place = _running.stack.enter_context(running_node(node)).uri
    database = _running.stack.enter_context(fresh_postgres())
    return {"PRESAGE_EVENT_STORE": place, "DATABASE_URL": database, "REDIS_URL": shared_redis().url}


def beside(data: Path) -> Path:
    """Return where the other processes of a folder's exchange keep what they keep."""
    return data.with_name(f"{data.name}.cluster")
