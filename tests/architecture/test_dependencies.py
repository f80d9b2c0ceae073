"""What Presage is built on: locked with hashes, recent enough, and without holes that are known."""

import json
import subprocess
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import pytest
from packaging.version import Version

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements" / "dev.lock"
KNOWN_TO_HAVE_A_HOLE = (
    "jinja2==3.1.2 --hash=sha256:6088930bfe239f0e6710546ab9c19c9ef35e29792895fed6e6e31a023a182a61\n"
)
"""What an index that answers has something to say about."""


def test_every_package_is_locked_with_its_hashes() -> None:
    lines = [line for line in LOCK.read_text().splitlines() if line and not line.startswith(("#", " "))]
    assert len(lines) > 50
    assert all("==" in line and line.endswith("\\") for line in lines)
    assert LOCK.read_text().count("--hash=sha256:") >= len(lines)


def test_starlette_does_not_build_addresses_of_the_host_header() -> None:
    """Before 1.3.1 the path of a request's address could be another one than that which was routed."""
    assert Version(version("starlette")) >= Version("1.3.1")


@pytest.mark.more
def test_no_locked_package_has_a_hole_that_is_known(tmp_path: Path) -> None:
    if find_spec("pip_audit") is None:
        pytest.skip("pip-audit is not installed: `make test-more` does it")
    sample = tmp_path / "sample.txt"
    sample.write_text(KNOWN_TO_HAVE_A_HOLE)
    if not holes(sample):
        pytest.skip("no index that is reachable tells what is known of packages")
    assert not holes(LOCK)


def holes(file: Path) -> list[str]:
    """Return what is known to be wrong with the packages of a file, nothing if nobody answers."""
    options = "--require-hashes --disable-pip --format=json --progress-spinner=off --timeout=15"
    done = subprocess.run(
        [sys.executable, "-m", "pip_audit", "--requirement", file, *options.split()],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    told = json.loads(done.stdout)["dependencies"] if done.stdout.startswith("{") else []
    return [f"{each['name']} {hole['id']}" for each in told for hole in each.get("vulns", ())]
