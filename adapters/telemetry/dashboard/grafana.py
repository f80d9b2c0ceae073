"""Makes Grafana's dashboard of the specification, with Grafana's own typed builder."""

from collections.abc import Sequence

from grafana_foundation_sdk.builders import common, dashboard, prometheus, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import LegendDisplayMode, LegendPlacement
from grafana_foundation_sdk.models.dashboard import DataSourceRef

from adapters.telemetry.dashboard.screen import SCREEN, Panel, Row

DATASOURCE = "prometheus"
"""The name under which Grafana is provisioned with Prometheus."""

_WIDE = 24
_HIGH = 7


def dashboard_json(rows: Sequence[Row] = SCREEN) -> str:
    """Return the dashboard as Grafana takes it."""
    made = (
        dashboard.Dashboard("Presage")
        .uid("presage")
        .tags(["presage"])
        .description("An exchange on one screen. Made from adapters/telemetry/dashboard by `make dashboard`.")
        .refresh("5s")
        .time("now-30m", "now")
        .timezone("utc")
        .readonly()
    )
    for row in rows:
        made = made.with_row(dashboard.Row(row.title))
        for panel in row.panels:
            made = made.with_panel(_panel(panel, span=_WIDE // len(row.panels)))
    return JSONEncoder(sort_keys=True, indent=2).encode(made.build()) + "\n"


def _panel(panel: Panel, *, span: int) -> timeseries.Panel:
    source = DataSourceRef(type_val="prometheus", uid=DATASOURCE)
    made = (
        timeseries.Panel()
        .title(panel.title)
        .description(panel.meaning)
        .unit(panel.unit.value)
        .datasource(source)
        .min(0)
        .span(span)
        .height(_HIGH)
        .legend(
            common.VizLegendOptions()
            .display_mode(LegendDisplayMode.LIST)
            .placement(LegendPlacement.BOTTOM)
            .show_legend(True)
        )
    )
    for number, query in enumerate(panel.queries):
        made = made.with_target(
            prometheus.Dataquery()
            .datasource(source)
            .expr(query.expr)
            .legend_format(query.legend)
            .ref_id(chr(ord("A") + number))
        )
    return made
