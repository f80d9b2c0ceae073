"""Folders that are copied, half imported, of a newer version, or on a disk that nobody can write to."""

import asyncio
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path

import httpx
import pytest

from adapters.data_folder import DataFolder
from adapters.event_stores.opening import open_place, open_source
from adapters.event_stores.unfinished_copies import marked_unfinished
from application.ports.event_store import NewEvent
from tests.acceptance.event_stores import event_store
from tests.acceptance.presage_process import PRESAGE, Outcome, presage_here, running_server


def market(folder: Path, *words: object) -> Outcome:
    return presage_here("market", *words, "--data", folder, "--json")


def test_what_is_done_on_a_copy_does_not_reach_the_original(tmp_path: Path) -> None:
    original, copy = tmp_path / "p2", tmp_path / "p2copy"
    with running_server(original, "--demo") as server:
        ticker = "MOON-28"
        shutil.copytree(original, copy)
        voided = market(copy, "void", ticker)
        assert voided.status == 0, voided
        seen = httpx.get(f"{server.url}/trade-api/v2/markets/{ticker}").json()["market"]["status"]
        assert seen == "active"


def test_what_answers_where_a_server_was_has_to_be_that_server(tmp_path: Path) -> None:
    killed, other = tmp_path / "killed", tmp_path / "other"
    assert presage_here("keys", "create", "ann", "--data", killed).status == 0
    with running_server(other) as server:
        # What a server that was killed left behind, at a port that another exchange has got since.
        folder = DataFolder(killed)
        folder.announce(server.url, folder.identity("1"))
        made = market(killed, "create", "RAIN", "--title", "?")
        assert made.status == 0, made
        assert httpx.get(f"{server.url}/trade-api/v2/markets/RAIN").status_code == 404


@pytest.mark.parametrize("noted", [True, False])
def test_a_log_of_a_newer_version_is_refused_and_nothing_is_touched(tmp_path: Path, *, noted: bool) -> None:
    made = presage_here("keys", "create", "alice", "--data", tmp_path)
    assert made.status == 0
    unknown_event(tmp_path)
    if not noted:
        (tmp_path / "checkpoints.json").unlink()
    before = contents(tmp_path)
    refused = presage_here("keys", "create", "bob", "--data", tmp_path, "--json")
    assert (refused.status, refused.json["error"]["code"]) == (1, "unreadable_event")
    assert "written by a newer Presage" in refused.json["error"]["message"]
    assert contents(tmp_path) == before


def contents(folder: Path) -> dict[Path, bytes]:
    """Return every file, but those that say nothing: locks, and the shared memory of databases."""
    return {
        path: path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
        and path.suffix != ".lock"
        and not path.name.endswith("-shm")
        and path.stat().st_size
    }


def test_an_import_that_was_killed_is_not_served(tmp_path: Path) -> None:
    presage_here("keys", "create", "alice", "--data", tmp_path / "one")
    target = tmp_path / "two"
    target.mkdir()
    shutil.copy(tmp_path / "one" / "log.db", tmp_path / "copy.db")
    begun = subprocess.Popen(
        [PRESAGE, "import", str(tmp_path / "copy.db"), "--data", str(target)], stdout=subprocess.DEVNULL
    )
    # Killed as soon as it has begun to write, or, if it was quicker, made to look as if it had been.
    while begun.poll() is None and not list(target.glob("*.unfinished")):
        time.sleep(0.001)
    begun.send_signal(signal.SIGKILL)
    begun.wait()
    if not list(target.glob("*.unfinished")):
        (target / "log.db").rename(target / "log.db.unfinished")
    for command in (("verify",), ("serve",), ("market", "list")):
        refused = presage_here(*command, "--data", target, "--json")
        assert (refused.status, refused.json["error"]["code"]) == (1, "unusable_data"), command
        assert "presage import" in refused.json["error"]["message"]
    (target / "log.db").unlink(missing_ok=True)
    again = presage_here("import", tmp_path / "copy.db", "--data", target, "--json")
    assert again.status == 0, again
    assert presage_here("verify", "--data", target).status == 0
    assert not list(target.glob("*.unfinished*"))


READ_ONLY = """
mount --bind {folder} {folder} && mount -o remount,ro,bind {folder} && ! touch {folder}/new && exec "$@"
"""

LOOKING = """
import json, os, sys
from adapters.cli.main import run
for command in json.loads(sys.argv[1]):
    print(command[0], file=sys.stderr)
    if command[0] == "import":
        os.environ.pop("PRESAGE_EVENT_STORE", None)
    if run(command):
        sys.exit(1)
"""


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("unshare") is None, reason="only root can mount a folder read-only"
)
@pytest.mark.parametrize("kind", ["sqlite", "json_lines"])
def test_a_log_is_looked_at_on_a_disk_that_nobody_can_write_to(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, out = tmp_path / "data", tmp_path / "out"
    out.mkdir()
    log = folder / "log.db"
    if kind == "json_lines":
        log = folder / "log"
        monkeypatch.setenv("PRESAGE_EVENT_STORE", str(log))
    made = market(folder, "create", "RAIN", "--title", "?")
    assert made.status == 0, made
    here = ["--data", str(folder)]
    commands = [
        ["verify", *here],
        ["inspect", "--all", "--last", "2", *here],
        ["price-at", "RAIN", "2100-01-01", *here],
        ["audit", "export", "RAIN", "--out", str(out / "bundle"), *here],
        ["export", str(out / "copy.db"), *here],
        ["import", str(log), "--data", str(out / "other")],
    ]
    looked = subprocess.run(
        [
            "unshare",
            "-m",
            "sh",
            "-c",
            READ_ONLY.format(folder=folder),
            "sh",
            sys.executable,
            "-c",
            LOOKING,
            json.dumps(commands),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if "mount:" in looked.stderr or "unshare:" in looked.stderr:
        pytest.skip("nothing can be mounted here")
    assert looked.returncode == 0, (looked.stderr, looked.stdout)


def unknown_event(folder: Path) -> None:
    """Make the log one of a newer version."""
    with closing(sqlite3.connect(folder / "log.db", isolation_level=None)) as log:
        log.execute("UPDATE types SET name = 'KeyMade' WHERE name = 'KeyCreated'")
        log.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@pytest.mark.parametrize("command", [("projector",), ("rebuild", "--all")])
def test_read_models_are_not_touched_for_a_log_of_a_newer_version(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    assert presage_here("keys", "create", "alice", "--data", tmp_path).status == 0
    unknown_event(tmp_path)
    # Where it is noted that everything is known, as it was before the newer version came.
    (tmp_path / "checkpoints.json").unlink()
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    refused = presage_here(*command, "--data", tmp_path, "--json")
    assert (refused.status, refused.lines[-1]["error"]["code"]) == (1, "unreadable_event")
    assert "written by a newer Presage" in refused.lines[-1]["error"]["message"]
    after = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    assert {name: after[name] for name in before} == before
    assert not {"read.db.rebuild", "read.db.rebuild-wal"} & after.keys()


def test_an_import_over_an_exchange_is_refused_and_leaves_it_as_it_was(tmp_path: Path) -> None:
    ours, other = tmp_path / "ours", tmp_path / "other"
    for folder in (ours, other):
        assert presage_here("keys", "create", "alice", "--data", folder).status == 0
    refused = presage_here("import", other / "log.db", "--data", ours, "--json")
    assert (refused.status, refused.json["error"]["code"]) == (1, "transfer_refused")
    assert presage_here("verify", "--data", ours).status == 0
    assert presage_here("keys", "create", "bob", "--data", ours).status == 0


@pytest.mark.parametrize("kind", ["eventstoredb", "json_lines"])
def test_a_copy_that_was_killed_on_its_way_into_a_store_is_not_taken_for_a_log(
    tmp_path: Path, kind: str
) -> None:
    source = tmp_path / "source"
    assert presage_here("keys", "create", "alice", "--data", source).status == 0
    with event_store(kind, tmp_path):
        target = os.environ["PRESAGE_EVENT_STORE"]
        asyncio.run(copy_half(source / "log.db", target))
        for command in (("verify",), ("serve",), ("rebuild", "--all"), ("export", tmp_path / "out.db")):
            refused = presage_here(*command, "--data", tmp_path / "new", "--json")
            assert (refused.status, refused.json["error"]["code"]) == (1, "unusable_data"), command
            assert "did not come to its end" in refused.json["error"]["message"]
        with pytest.MonkeyPatch.context() as elsewhere:
            elsewhere.delenv("PRESAGE_EVENT_STORE")
            again = presage_here("import", target, "--data", tmp_path / "third", "--json")
        assert (again.status, again.json["error"]["code"]) == (1, "unusable_data")


async def copy_half(source: Path, target: str) -> None:
    """Do what an export that is killed has done by then."""
    with suppress(InterruptedError):
        async with (
            open_source(str(source)) as log,
            open_place(target) as store,
            marked_unfinished(store),
        ):
            async for page in log.read_all(limit=1):
                [event] = page.events
                copied = NewEvent(id=event.id, type=event.type, data=event.data, metadata=event.metadata)
                await store.append(event.stream, [copied], expected=-1)
            raise InterruptedError
