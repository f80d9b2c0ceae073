"""The disk becomes full under a server, a node or a projector: nothing is falsely acknowledged or advised."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.presage_process import ROOT
from tests.acceptance.test_full_disk_at_start import DESTROYS

pytestmark = pytest.mark.more


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("unshare") is None or sys.platform != "linux",
    reason="only root can mount a disk of its own",
)
@pytest.mark.parametrize("what", ["serve", "eventstore", "projector"])
def test_a_full_disk_refuses_what_it_cannot_keep_and_all_goes_on_once_there_is_room(
    tmp_path: Path, what: str
) -> None:
    ran = subprocess.run(
        ["unshare", "-m", sys.executable, "-m", "tests.acceptance.full_disk_story", what, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    if "mount:" in ran.stderr or "unshare:" in ran.stderr:
        pytest.skip("nothing can be mounted here")
    assert ran.returncode == 0, (ran.stdout, ran.stderr)
    told = json.loads(ran.stdout)
    assert told["refused"] == (what != "projector"), told
    assert told["conditions"], (told, ran.stderr)
    assert told["balance"] == f"{told['acknowledged']}.0000"
    assert told["verified"] == 0
    said = " ".join(told["said"]).lower()
    assert "traceback" not in said
    said += ran.stderr.lower()
    assert not [word for word in DESTROYS if word in said], said
