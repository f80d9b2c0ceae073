"""The disk is full when something starts: nothing is called damaged, and all is there once there is room."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.presage_process import PRESAGE, presage_here

pytestmark = pytest.mark.more

DESTROYS = ("delete", "restore", "damaged", "remove", "give up")
"""What must not be advised, or said, of files that are whole."""

SCRIPT = """
set -e
mount -t tmpfs -o size=6m none {disk}
cp -r {made}/. {disk}/
dd if=/dev/zero of={disk}/other-file bs=64k 2>/dev/null || true
cat /dev/zero > {disk}/rest 2>/dev/null || true
for command in {commands}; do
    status=0
    timeout 20 {presage} $command --data {disk}/data --json </dev/null || status=$?
    echo "$command: $status"
done
rm {disk}/other-file {disk}/rest
{presage} verify --data {disk}/data --json
{presage} keys create bob --data {disk}/data --json
"""


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("unshare") is None or sys.platform != "linux",
    reason="only root can mount a disk of its own",
)
@pytest.mark.parametrize("kind", ["sqlite", "json_lines"])
@pytest.mark.parametrize("gone", [(), ("log.db-wal", "log.db-shm", "read.db", "snapshots.db")])
def test_a_full_disk_at_start_is_told_as_what_it_is(tmp_path: Path, kind: str, gone: tuple[str, ...]) -> None:
    made, disk = tmp_path / "made", tmp_path / "disk"
    disk.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        if kind == "json_lines":
            patch.setenv("PRESAGE_EVENT_STORE", str(made / "log"))
        created = presage_here("keys", "create", "alice", "--data", made / "data")
        assert created.status == 0, created
    for name in gone:
        (made / "data" / name).unlink(missing_ok=True)
    environment = dict(os.environ)
    if kind == "json_lines":
        environment["PRESAGE_EVENT_STORE"] = str(disk / "log")
    script = SCRIPT.format(
        disk=disk,
        made=made,
        presage=PRESAGE,
        commands="'keys create carl' 'market list' 'rebuild --all' verify",
    )
    ran = subprocess.run(
        ["unshare", "-m", "sh", "-c", script], capture_output=True, text=True, check=False, env=environment
    )
    if "mount:" in ran.stderr or "unshare:" in ran.stderr:
        pytest.skip("nothing can be mounted here")
    assert ran.returncode == 0, (ran.stdout, ran.stderr)
    said = (ran.stdout + ran.stderr).lower()
    assert "keys create carl: 1" in said, said
    assert not [word for word in DESTROYS if word in said], said
    assert "traceback" not in said
