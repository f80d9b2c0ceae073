"""Alert rules in the tools of Prometheus itself: what fires, what does not, and that it clears again."""

import subprocess
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapters.telemetry.dashboard.rules import rules
from adapters.telemetry.exposition import Exposition
from application.ports.measures import Measure, counter, gauge
from tests.acceptance.prometheus import PROMTOOL, eventually, needs_prometheus, needs_promtool, prometheus


def firing(window: str, severity: str) -> dict[str, Any]:
    return {"exp_labels": {"slo": "availability", "severity": severity, "window": window}}


def at(time: str, *expected: dict[str, Any]) -> dict[str, Any]:
    """Return what has to fire at a time, whatever its words."""
    return {"eval_time": time, "alertname": "PresageErrorBudgetBurns", "exp_alerts": list(expected)}


def series(good: str, counted: str) -> list[dict[str, str]]:
    return [
        {"series": 'presage_slo_good_total{slo="availability",job="presage"}', "values": good},
        {"series": 'presage_slo_counted_total{slo="availability",job="presage"}', "values": counted},
        {"series": 'presage_slo_target{slo="availability",job="presage"}', "values": "0.9995x6000"},
    ]


def without_words(document: dict[str, Any]) -> dict[str, Any]:
    """Return rules without their annotations, which promtool would compare."""
    for group in document["groups"]:
        for rule in group["rules"]:
            rule.pop("annotations", None)
    return document


@needs_promtool
@pytest.mark.parametrize(
    ("good", "counted", "expected"),
    [
        pytest.param(
            # A day that is well, ten minutes in which six in a hundred fail, then well again.
            "0+1000x1440 1440940+940x10 1451340+1000x400",
            "0+1000x1440 1441000+1000x10 1452000+1000x400",
            [at("1440m"), at("1448m", firing("1h", "page")), at("1470m"), at("1600m")],
            id="a fast burn wakes somebody, and lets go when it is over",
        ),
        pytest.param(
            "0+9996x500",
            "0+10000x500",
            [at("60m"), at("490m")],
            id="a burn below one is nobody's business",
        ),
        pytest.param(
            "0+9960x400",
            "0+10000x400",
            [at("390m", firing("6h", "page"), firing("3d", "ticket"))],
            id="a burn of eight is told over six hours and not over one",
        ),
        pytest.param(
            "0+9990x4500",
            "0+10000x4500",
            [at("4400m", firing("3d", "ticket"))],
            id="a burn of two is a ticket after a while",
        ),
        pytest.param(
            "0+0x60",
            "0+0.1x60",
            [at("59m")],
            id="six bad requests in an hour are too few to say anything",
        ),
    ],
)
def test_the_rules_as_promtool_tries_them(
    tmp_path: Path, good: str, counted: str, expected: list[dict[str, Any]]
) -> None:
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(without_words(rules())))
    tried = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": "1m",
        "tests": [{"interval": "1m", "input_series": series(good, counted), "alert_rule_test": expected}],
    }
    (tmp_path / "test.yml").write_text(yaml.safe_dump(tried))
    done = subprocess.run(
        [str(PROMTOOL), "test", "rules", tmp_path / "test.yml"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


class Burning:
    """An exchange of which somebody turns the share of bad requests up and down."""

    def __init__(self) -> None:
        self.bad = 0
        self.counted = 0
        self.good = 0

    def measures(self) -> Iterable[Measure]:
        """Count another thousand requests."""
        self.counted += 1_000
        self.good += 1_000 - self.bad
        slo = ("availability",)
        yield counter("presage_slo_counted", "Counted.", {slo: self.counted}, "slo")
        yield counter("presage_slo_good", "Good.", {slo: self.good}, "slo")
        yield gauge("presage_slo_target", "Target.", {slo: 0.9995}, "slo")


@contextmanager
def exporting(burning: Burning) -> Iterator[str]:
    """Serve the metrics; give the address."""
    exposition = Exposition([burning])

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(exposition.text())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.more
@needs_prometheus
def test_an_alert_fires_while_the_budget_burns_and_clears_when_it_stops(tmp_path: Path) -> None:
    burning = Burning()
    # An hour is 40 seconds, five minutes are three and a third.
    with (
        exporting(burning) as target,
        prometheus(tmp_path, target=target, rules=rules(Fraction(1, 90))) as watching,
    ):

        def pages() -> list[str]:
            return [each["window"] for each in watching.firing() if each["severity"] == "page"]

        eventually(lambda: watching.values("slo:burn:rate5m") == [0.0])
        assert pages() == []
        burning.bad = 500
        eventually(lambda: "1h" in pages())
        [burn] = watching.values("slo:burn:rate1h")
        assert burn > 14.4
        burning.bad = 0
        eventually(lambda: "1h" not in pages())
        assert watching.values("slo:burn:rate1h")[0] > 14.4, "it is the short window that cleared it"
