"""What is installed from the wheel is the whole product: no file of the source tree is needed."""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.acceptance.presage_process import ROOT, running_server

pytestmark = pytest.mark.more


def done(*command: object, cwd: Path) -> str:
    finished = subprocess.run(list(map(str, command)), cwd=cwd, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stdout[-2000:] + finished.stderr[-2000:]
    return finished.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the command as it is installed from the wheel, in an environment of its own."""
    folder = tmp_path_factory.mktemp("wheel")
    done("make", "wheel", f"DIST={folder}", cwd=ROOT)
    [wheel] = folder.glob("presage-*.whl")
    done(sys.executable, "-m", "venv", folder / "venv", cwd=folder)
    done(folder / "venv/bin/pip", "install", "--quiet", wheel, cwd=folder)
    return folder / "venv/bin/presage"


def test_it_says_its_version(installed: Path, tmp_path: Path) -> None:
    assert done(installed, "--version", cwd=tmp_path).startswith("presage 0.")


def test_the_demonstration_runs_with_its_page_and_its_migrations(installed: Path, tmp_path: Path) -> None:
    with running_server(tmp_path / "data", "--demo", program=installed) as server:
        with httpx.Client(base_url=server.url) as client:
            page = client.get("/")
            assert page.headers["content-type"].startswith("text/html")
            script = page.text.partition('src="')[2].partition('"')[0]
            assert client.get(script).headers["content-type"].startswith("text/javascript")
            assert len(client.get("/trade-api/v2/markets").json()["markets"]) > 5
        done(installed, "order", "place", "MOON-28", "--side", "yes", "--count", 1, "--price", 0.5,
             "--data", tmp_path / "data", cwd=tmp_path)  # fmt: skip
        client = [installed.with_name("python"), "-m", "presage.examples.analysis", "MOON-28"]
        done(*client, "--url", server.url, "--picture", tmp_path / "trades.svg", cwd=tmp_path)
        assert "trades</title>" in (tmp_path / "trades.svg").read_text()
    said = done(installed, "verify", "--data", tmp_path / "data", cwd=tmp_path)
    assert "everything holds" in said
