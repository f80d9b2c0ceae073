"""Folders that are copied, half imported, of a newer version, or on a disk that nobody can write to."""

import os
import shutil
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import httpx
import pytest

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


def test_a_log_of_a_newer_version_is_refused_and_nothing_is_touched(tmp_path: Path) -> None:
    made = presage_here("keys", "create", "alice", "--data", tmp_path)
    assert made.status == 0
    with closing(sqlite3.connect(tmp_path / "log.db", isolation_level=None)) as log:
        log.execute("UPDATE types SET name = 'KeyMade' WHERE name = 'KeyCreated'")
        log.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = {name: (tmp_path / name).read_bytes() for name in ("log.db", "checkpoints.json")}
    refused = presage_here("keys", "create", "bob", "--data", tmp_path, "--json")
    assert (refused.status, refused.json["error"]["code"]) == (1, "unreadable_event")
    assert "written by a newer Presage" in refused.json["error"]["message"]
    assert before == {name: (tmp_path / name).read_bytes() for name in before}


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


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("unshare") is None, reason="only root can mount a folder read-only"
)
def test_a_log_is_looked_at_on_a_disk_that_nobody_can_write_to(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    presage_here("keys", "create", "alice", "--data", folder)
    for command in ("verify", "inspect --all --last 2", f"export {tmp_path / 'copy.db'}"):
        looked = subprocess.run(
            [
                "unshare",
                "-m",
                "sh",
                "-c",
                (
                    f"mount --bind {folder} {folder} && mount -o remount,ro,bind {folder} && "
                    f"exec {PRESAGE} {command} --data {folder}"
                ),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if "mount:" in looked.stderr or "unshare:" in looked.stderr:
            pytest.skip("nothing can be mounted here")
        assert looked.returncode == 0, (command, looked.stderr, looked.stdout)
