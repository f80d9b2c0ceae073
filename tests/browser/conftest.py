"""A browser before a running demonstration; what lacks here is said."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from adapters.web.serving import BUILT
from tests.acceptance.presage_process import running_server

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
PICTURES = os.environ.get("PRESAGE_PICTURES")
"""A folder for pictures of what the tests saw."""

# What runs without a window calls itself so, and the firewall asks programs for signatures.
PEOPLE = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Safari/537.36"
QUIETLY = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="no playwright: `make test-more` has it")
    if CHROMIUM is None:
        pytest.skip("no chromium on PATH")
    if not (BUILT / "index.html").exists():
        built = subprocess.run(["make", "page"], cwd=ROOT, capture_output=True, text=True, check=False)
        if built.returncode:
            pytest.skip(f"the page cannot be built here: {built.stderr[-300:]}")
    with playwright.sync_playwright() as tools:
        browser = tools.chromium.launch(executable_path=CHROMIUM, args=list(QUIETLY))
        yield browser
        browser.close()


@dataclass(frozen=True)
class Demonstration:
    """A running ``presage serve --demo`` and its folder."""

    url: str
    folder: Path


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    folder = tmp_path_factory.mktemp("exchange")
    with running_server(folder, "--demo") as server:
        yield Demonstration(server.url, folder)


@pytest.fixture
def open_page(chromium: Any) -> Iterator[Any]:
    """Give what opens a window of a person's own; a fault of the page's script fails the test."""
    contexts, faults = [], []

    def opened(**about: Any) -> Any:
        context = chromium.new_context(user_agent=PEOPLE, **about)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda fault: faults.append(str(fault)))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert faults == []


def pictured(page: Any, name: str) -> None:
    """Keep a picture of the page, where one is wanted."""
    if PICTURES:
        Path(PICTURES).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(PICTURES) / f"{name}.png"))
