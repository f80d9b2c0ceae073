"""Writes dashboard and rules to the folder that is named: ``python -m adapters.telemetry.dashboard ops``."""

import sys
from pathlib import Path

import yaml

from adapters.telemetry.dashboard.grafana import dashboard_json
from adapters.telemetry.dashboard.rules import rules

HEAD = "# Made from adapters/telemetry/dashboard/rules.py by `make dashboard`.\n"


def files() -> dict[str, str]:
    """Return what is written, by its place."""
    return {
        "grafana/dashboards/presage.json": dashboard_json(),
        "prometheus/rules.yml": HEAD + yaml.safe_dump(rules(), sort_keys=False, width=110),
    }


if __name__ == "__main__":
    for name, text in files().items():
        (Path(sys.argv[1]) / name).write_text(text)
