"""The operator's screen as it is specified, and what is made of it (exercise 24)."""

import json
import re
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from adapters.telemetry.dashboard.__main__ import files
from adapters.telemetry.dashboard.rules import rules
from adapters.telemetry.dashboard.screen import GOLDEN_SIGNALS, SCREEN, Panel
from application.slo.tracker import BURN_ALARMS

OPS = Path(__file__).parents[3] / "ops"
PANELS = [panel for row in SCREEN for panel in row.panels]
RULES = [rule for group in rules()["groups"] for rule in group["rules"]]
EXPRESSIONS = [query.expr for panel in PANELS for query in panel.queries] + [rule["expr"] for rule in RULES]


def test_what_the_exercise_asks_for_is_on_the_screen() -> None:
    titles = {row.title: [panel.title for panel in row.panels] for row in SCREEN}
    assert titles["Golden signals"] == ["Latency", "Traffic", "Errors", "Saturation"]
    by_market = [query.legend for panel in SCREEN[1].panels for query in panel.queries]
    assert by_market == ["{{market}}"] * 3
    assert "Commands waiting" in titles["Queues"]
    assert "Cache hit rate" in titles["Caches and log"]
    assert GOLDEN_SIGNALS is SCREEN[0]


@pytest.mark.parametrize("expr", EXPRESSIONS)
def test_every_expression_is_promql(expr: str) -> None:
    promql_parser.parse(expr)


def test_a_mistake_in_an_expression_is_noticed() -> None:
    with pytest.raises(ValueError, match=r"\S"):
        promql_parser.parse("sum by (market (rate(presage_matching_seconds_sum[1m]))")


@pytest.mark.parametrize("name", files())
def test_what_is_in_ops_is_made_of_the_specification(name: str) -> None:
    assert (OPS / name).read_text() == files()[name], "run `make dashboard`"


def test_grafana_has_every_panel_with_its_queries_and_its_source() -> None:
    made = json.loads((OPS / "grafana/dashboards/presage.json").read_text())
    drawn = [panel for panel in made["panels"] if panel["type"] == "timeseries"]
    assert [panel["title"] for panel in drawn] == [panel.title for panel in PANELS]

    def asked(panel: Panel) -> list[tuple[str, str]]:
        return [(query.expr, query.legend) for query in panel.queries]

    for panel, found in zip(PANELS, drawn, strict=True):
        assert [(each["expr"], each["legendFormat"]) for each in found["targets"]] == asked(panel)
        assert found["datasource"] == {"type": "prometheus", "uid": "prometheus"}
        assert len({each["refId"] for each in found["targets"]}) == len(found["targets"])
    provisioned = yaml.safe_load((OPS / "grafana/provisioning/datasources/prometheus.yaml").read_text())
    assert provisioned["datasources"][0]["uid"] == "prometheus"


def test_budgets_that_burn_too_fast_are_told_over_a_long_and_a_short_window() -> None:
    alerts = [rule["expr"] for rule in RULES if rule.get("alert") == "PresageErrorBudgetBurns"]
    windows = [re.findall(r"slo:burn:rate(\w+) > ([\d.]+)", expr) for expr in alerts]
    assert windows == [
        [("1h", "14.4"), ("5m", "14.4")],
        [("6h", "6"), ("30m", "6")],
        [("3d", "1"), ("6h", "1")],
    ]
    assert len(alerts) == len(BURN_ALARMS)


def test_every_alert_says_how_bad_it_is_and_what_it_is_about() -> None:
    for rule in RULES:
        if "alert" in rule:
            assert rule["labels"]["severity"] in ("page", "ticket")
            assert rule["annotations"]["summary"]


def composed(name: str) -> Any:
    return yaml.safe_load((OPS / name).read_text())


def test_the_composed_prometheus_and_grafana_find_what_they_are_provisioned_with() -> None:
    services = composed("compose.monitoring.yaml")["services"]
    for service in ("prometheus", "grafana"):
        assert re.fullmatch(r"[\w/]+:v?\d+\.\d+\.\d+", services[service]["image"])
        for volume in services[service]["volumes"]:
            place = volume.split(":")[0]
            assert not place.startswith(".") or (OPS.parent / place).is_dir(), place
        assert all(port.startswith("127.0.0.1:") for port in services[service]["ports"])
    scraped = composed("prometheus/prometheus.yml")["scrape_configs"][0]
    assert scraped["authorization"]["credentials_file"] == "/run/secrets/metrics-token"
    assert scraped["job_name"] == "presage"
