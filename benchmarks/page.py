"""How soon somebody who opens the page sees something: in Chromium, with nothing kept, beside plain text.

The exchange is the demonstration, which trades meanwhile. Each round opens each address in a browser of its
own; the page and a line of plain text of the same server, which is the browser's own part, take turns.
"""

import os
import shutil
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks._http_server import started

FIRST_PAINT_MS = 1_000
"""Within what something has to be seen."""

SENT_KB = 300
"""How much may be sent for it, compressed, at the most."""

TICKER = "MOON-28"
VIEWS = {"markets": ("/", ".card"), "market": (f"/#/markets/{TICKER}", ".rows button")}
"""Each address, and what there is once what was asked for is seen."""

PLAIN = "/healthz"

# What runs without a window calls itself so, and the firewall asks programs for signatures.
_PEOPLE = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Safari/537.36"
_QUIETLY = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-sync",
)
_FIRST_PAINT = """() => new Promise(told => new PerformanceObserver((seen, observer) => {
    const [first] = seen.getEntriesByName("first-contentful-paint");
    if (first) { observer.disconnect(); told(first.startTime); }
}).observe({type: "paint", buffered: true}))"""
_SENT = """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
    .filter(({name}) => !name.includes("/trade-api/"))
    .reduce((sum, {encodedBodySize}) => sum + encodedBodySize, 0)"""


def run(n: int = 15) -> dict[str, Any]:
    """Open each address ``n`` times."""
    with tempfile.TemporaryDirectory() as folder:
        seen, sent_kb, browser = _measured(Path(folder) / "data", n)
    ours = {name: _told(rounds) for name, rounds in seen.items() if name != PLAIN}
    plain = _told(seen[PLAIN])
    return {
        "bench": "page",
        "n": n,
        "conditions": {
            "browser": browser,
            "each_round": "a new browser profile, nothing kept",
            "beside": "the demonstration, which trades meanwhile",
            "cores": os.cpu_count(),
        },
        "ours": {**ours, "sent_kb": sent_kb},
        "peers": {"plain text of the same server": plain},
        "ratios": {
            f"{name}: first paint / plain text": round(told["first_paint_ms"] / plain["first_paint_ms"], 1)
            for name, told in ours.items()
        },
        "failed": [
            *(
                f"{name}: {told['first_paint_ms']} ms until something is seen, {FIRST_PAINT_MS} are allowed"
                for name, told in ours.items()
                if told["first_paint_ms"] >= FIRST_PAINT_MS
            ),
            *(
                f"{name}: {kb} kB are sent, {SENT_KB} are allowed"
                for name, kb in sent_kb.items()
                if kb >= SENT_KB
            ),
        ],
    }


Rounds = list[tuple[float, float]]
"""When something was first painted, and when what was asked for was there, in milliseconds."""


def _measured(data: Path, rounds: int) -> tuple[dict[str, Rounds], dict[str, float], str]:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 (only this needs it)

    seen: dict[str, Rounds] = {name: [] for name in (*VIEWS, PLAIN)}
    sent_kb: dict[str, float] = {}
    program = shutil.which("chromium") or shutil.which("google-chrome")
    with (
        started("serve", "--demo", "--data", str(data), "--port", "0") as (_, told),
        sync_playwright() as tools,
    ):
        browser = tools.chromium.launch(executable_path=program, args=list(_QUIETLY))
        for _ in range(rounds):
            for name, (path, there) in {PLAIN: (PLAIN, "pre"), **VIEWS}.items():
                context = browser.new_context(user_agent=_PEOPLE)
                page = context.new_page()
                page.goto(told["url"] + path, wait_until="commit")
                page.wait_for_selector(there)
                there_ms = page.evaluate("performance.now()")
                seen[name].append((page.evaluate(_FIRST_PAINT), there_ms))
                if name in VIEWS:
                    page.wait_for_load_state("networkidle")
                    sent_kb[name] = round(page.evaluate(_SENT) / 1_000, 1)
                context.close()
        version = browser.version
        browser.close()
    return seen, sent_kb, f"Chromium {version}"


def _told(rounds: Rounds) -> dict[str, int]:
    first, there = zip(*rounds, strict=True)
    return {
        "first_paint_ms": round(median(first)),
        "first_paint_slowest_ms": round(max(first)),
        "there_ms": round(median(there)),
    }
