"""EventStore's and Kurrent's own JavaScript clients, as published, against the node.

They are installed once into pytest's cache folder, where ``node`` and ``npm`` are there to do it.
"""

import asyncio
import shutil
import subprocess
from pathlib import Path

import pytest

from adapters.eventstore_node.security import Tls
from adapters.eventstore_node.server import running_node

CLIENTS = {"@eventstore/db-client": "6.2.1", "@kurrent/kurrentdb-client": "1.3.1"}
CASES = Path(__file__).with_name("client_cases.mjs")
INSTALL_TIMEOUT_S = 120
RUN_TIMEOUT_S = 120


@pytest.fixture(scope="module")
def modules(request: pytest.FixtureRequest) -> Path:
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not installed")
    folder = request.config.cache.mkdir("javascript-clients")
    modules = folder / "node_modules"
    if all((modules / name / "package.json").exists() for name in CLIENTS):
        return modules
    (folder / "package.json").write_text("{}")
    wanted = [f"{name}@{version}" for name, version in CLIENTS.items()]
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", *wanted]
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=INSTALL_TIMEOUT_S)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"the JavaScript clients cannot be installed: {error}")
    return modules


@pytest.mark.parametrize("package", sorted(CLIENTS))
async def test_the_javascript_client_works_unchanged(modules: Path, uri: str, package: str) -> None:
    await run_cases(modules / package, uri)


@pytest.mark.parametrize("package", sorted(CLIENTS))
async def test_the_javascript_client_works_with_a_password(
    modules: Path, package: str, certificate: Tls, tmp_path: Path
) -> None:
    async with running_node(tmp_path / "node", tls=certificate, users={"admin": "correct-horse"}) as node:
        uri = node.uri.replace("esdb://", "esdb://admin:correct-horse@")
        # Kurrent's takes no certificate that is its own authority, so it is told not to look.
        await run_cases(modules / package, f"{uri}&tlsCAFile={certificate.certificate}&tlsVerifyCert=false")


async def run_cases(package: Path, uri: str) -> None:
    command = ["node", str(CASES), str(package), uri.replace("Tls=", "tls=")]
    done = await asyncio.to_thread(
        subprocess.run, command, check=False, capture_output=True, text=True, timeout=RUN_TIMEOUT_S
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("ok ") == 15
