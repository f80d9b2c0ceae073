"""What stands on the operator's screen, in PromQL (exercise 24)."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

WINDOW = "1m"
"""Over how long rates are taken: twelve scrapes."""

LONGER = "5m"
"""Over how long shares are taken that jump about otherwise."""


class Unit(StrEnum):
    """What a panel's numbers are, as Grafana calls it."""

    PER_SECOND = "reqps"
    SECONDS = "s"
    SHARE = "percentunit"
    NUMBER = "short"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One or several lines of a panel. ``legend`` has labels in double braces."""

    expr: str
    legend: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel."""

    title: str
    meaning: str
    unit: Unit
    queries: tuple[Query, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Panels side by side under a heading."""

    title: str
    panels: tuple[Panel, ...]


def _rate(metric: str, by: str = "", window: str = WINDOW) -> str:
    return f"sum{f' by ({by})' if by else ''} (rate({metric}[{window}]))"


def _share(part: str, whole: str, by: str = "") -> str:
    """Return a share that is 0, and not nothing, where there is nothing to share."""
    return f"{_rate(part, by, LONGER)} / clamp_min({_rate(whole, by, LONGER)}, 1e-9)"


def _quantile(share: str, metric: str, by: str = "", window: str = WINDOW) -> str:
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, sum by ({labels}) (rate({metric}_bucket[{window}])))"


def _panel(title: str, meaning: str, unit: Unit, *queries: tuple[str, str]) -> Panel:
    lines = tuple(Query(expr=expr, legend=legend) for expr, legend in queries)
    return Panel(title=title, meaning=meaning, unit=unit, queries=lines)


_DURATION = "presage_http_request_duration_seconds"


def _latency(share: str, route_class: str) -> str:
    of = f'{_DURATION}_bucket{{route_class="{route_class}"}}'
    return f"histogram_quantile({share}, sum by (le) (rate({of}[{WINDOW}])))"


GOLDEN_SIGNALS = Row(
    title="Golden signals",
    panels=(
        _panel(
            "Latency",
            "How long orders and reads of market data take.",
            Unit.SECONDS,
            (_latency("0.5", "order"), "orders p50"),
            (_latency("0.99", "order"), "orders p99"),
            (_latency("0.99", "market"), "market data p99"),
        ),
        _panel(
            "Traffic",
            "Requests a second, by what they are for.",
            Unit.PER_SECOND,
            (_rate("presage_http_requests_total", "route_class"), "{{route_class}}"),
        ),
        _panel(
            "Errors",
            "The share of requests that met a fault of ours, and of those that were too many.",
            Unit.SHARE,
            (
                _share('presage_http_requests_total{status="5xx"}', "presage_http_requests_total"),
                "faults (5xx)",
            ),
            (
                _share('presage_http_requests_total{status="429"}', "presage_http_requests_total"),
                "too many (429)",
            ),
        ),
        _panel(
            "Saturation",
            "How much of a processor and of the connections is taken; one process has one processor.",
            Unit.SHARE,
            (f'max by (instance) (rate(process_cpu_seconds_total{{job="presage"}}[{WINDOW}]))', "processor"),
            ("max(presage_http_connections / presage_http_connections_max)", "connections"),
        ),
    ),
)

MATCHING = Row(
    title="Matching, by market",
    panels=(
        _panel(
            "Time to decide a batch, p99",
            "How long the matching engine takes for the commands of a batch, in the busiest markets.",
            Unit.SECONDS,
            (_quantile("0.99", "presage_matching_seconds", "market", LONGER), "{{market}}"),
        ),
        _panel(
            "Commands a second",
            "What the busiest markets decide.",
            Unit.PER_SECOND,
            (_rate("presage_matching_batch_commands_sum", "market"), "{{market}}"),
        ),
        _panel(
            "Commands in a batch",
            "Batches grow with load: that is how few appends carry many orders.",
            Unit.NUMBER,
            (
                _share(
                    "presage_matching_batch_commands_sum", "presage_matching_batch_commands_count", "market"
                ),
                "{{market}}",
            ),
        ),
    ),
)

QUEUES = Row(
    title="Queues",
    panels=(
        _panel(
            "Commands waiting",
            "Commands in all mailboxes of a kind; 50,000 in one are refused.",
            Unit.NUMBER,
            ("sum by (kind) (presage_commands_waiting)", "{{kind}}"),
            ("max(presage_commands_waiting_longest)", "fullest mailbox"),
        ),
        _panel(
            "Sagas and notices",
            "Orders under way, interrupted ones that nobody can end, notices that wait for webhooks.",
            Unit.NUMBER,
            ("sum by (saga) (presage_sagas_open)", "{{saga}}s"),
            ("sum(presage_sagas_set_aside)", "set aside"),
            ("sum(presage_notices_waiting)", "notices"),
            ("sum(presage_trades_unbooked)", "trades to be booked"),
        ),
        _panel(
            "Read models behind the log",
            "How long after its decision an event is visible.",
            Unit.SECONDS,
            (_quantile("0.5", "presage_read_models_behind_seconds"), "p50"),
            (_quantile("0.99", "presage_read_models_behind_seconds"), "p99"),
            ("max(presage_read_models_lag_seconds)", "standing lag"),
        ),
    ),
)

CACHES = Row(
    title="Caches and log",
    panels=(
        _panel(
            "Cache hit rate",
            "The share of lookups that were answered from a cache.",
            Unit.SHARE,
            (
                _share('presage_cache_lookups_total{result="hit"}', "presage_cache_lookups_total", "cache"),
                "{{cache}}",
            ),
        ),
        _panel(
            "Stampedes stopped",
            "Lookups a second that waited for another one's computation instead of doing it again.",
            Unit.PER_SECOND,
            (_rate('presage_cache_lookups_total{result="stampede_stopped"}', "cache"), "{{cache}}"),
        ),
        _panel(
            "Appends to the log",
            "How long a durable append takes.",
            Unit.SECONDS,
            (_quantile("0.5", "presage_store_append_seconds"), "p50"),
            (_quantile("0.99", "presage_store_append_seconds"), "p99"),
        ),
        _panel(
            "Appends per order",
            "Falls as load grows; if it does not, something appends order by order.",
            Unit.NUMBER,
            (
                _share("presage_store_append_seconds_count", "presage_sagas_ended_total"),
                "appends per order",
            ),
            (_rate("presage_store_append_failures_total", "reason"), "failed: {{reason}}"),
        ),
    ),
)

ORDERS = Row(
    title="Orders and promises",
    panels=(
        _panel(
            "Orders by their end",
            "Placed, refused before money was set aside, compensated, left to recovery.",
            Unit.PER_SECOND,
            (_rate("presage_sagas_ended_total", "end"), "{{end}}"),
        ),
        _panel(
            "Error budget used",
            "The share of each promise's budget of 30 days that is used up; 1 is a broken promise.",
            Unit.SHARE,
            ("max by (slo) (presage_slo_budget_consumed_ratio)", "{{slo}}"),
        ),
        _panel(
            "Error budget burns, over an hour",
            "How many times faster than allowed; 14.4 wakes somebody.",
            Unit.NUMBER,
            ("slo:burn:rate1h", "{{slo}}"),
        ),
    ),
)

HEALTH = Row(
    title="Health",
    panels=(
        _panel(
            "What is wrong",
            "Conditions of readiness, alerts, and event loops that are late.",
            Unit.NUMBER,
            ("sum(presage_condition)", "conditions"),
            ("sum by (concern) (presage_alerts_active)", "alerts: {{concern}}"),
            ("count(presage_ready == 0) or vector(0)", "processes not ready"),
        ),
        _panel(
            "Let in and turned away",
            "What the limits and the firewall decide, a second.",
            Unit.PER_SECOND,
            (_rate("presage_limiter_decisions_total", "outcome"), "limits: {{outcome}}"),
            (_rate("presage_firewall_verdicts_total", "verdict"), "firewall: {{verdict}}"),
        ),
        _panel(
            "Event loop delay, p99",
            "What everything in a process waits for.",
            Unit.SECONDS,
            (_quantile("0.99", "presage_event_loop_delay_seconds", "instance"), "{{instance}}"),
        ),
    ),
)

SCREEN: Sequence[Row] = (GOLDEN_SIGNALS, MATCHING, QUEUES, CACHES, ORDERS, HEALTH)
"""Everything an operator needs on one screen."""
