"""What operators hear of the whole exchange: what is wrong or unusual, how promises stand, its lag."""

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from typing import Any

from adapters.http.feed.messages import Message, message
from adapters.http.feed.subscription import Subscription

Overview = Mapping[str, Any]
"""How things stand, as ``GET /admin/v1/overview`` tells it; what is not known at the moment is left out."""

Look = Callable[[], Awaitable[Overview]]

PARTS = ("readiness", "service_levels", "figures")
"""What is told whole whenever it has changed, each as a type of its own."""

ALERT = "admin_alert"

_NONE: Mapping[str, Any] = {}


class Overseeing:
    """Tells each subscription what has changed, and a new one how everything stands."""

    def __init__(self) -> None:
        self._told: Overview = _NONE
        self._alerts: dict[tuple[str, str], Mapping[str, Any]] = {}
        self._known: frozenset[Subscription] = frozenset()

    def tell(self, subscriptions: Collection[Subscription], overview: Overview, lag: Message) -> None:
        """Tell how things stand now."""
        changes = [*self._changed(overview, lag.position), *self._alerts_changed(overview, lag.position)]
        whole: list[Message] | None = None
        for subscription in subscriptions:
            told = changes
            if subscription not in self._known:
                whole = whole or list(self._whole(lag.position))
                told = whole
            for each in (*told, lag):
                subscription.tell(each)
        self._known = frozenset(subscriptions)

    def _changed(self, overview: Overview, position: int) -> Iterator[Message]:
        before, self._told = self._told, {**self._told, **overview}
        for part in PARTS:
            if part in overview and overview[part] != before.get(part):
                yield message(f"admin_{part}", overview[part], position)

    def _alerts_changed(self, overview: Overview, position: int) -> Iterator[Message]:
        """Yield alerts that have begun, go on with another sentence, or are over."""
        if "alerts" not in overview:
            return
        before, self._alerts = self._alerts, {_name(each): each for each in overview["alerts"]["active"]}
        for name, alert in self._alerts.items():
            if alert != before.get(name):
                yield message(ALERT, dict(alert), position)
        ended = {name: alert for name, alert in before.items() if name not in self._alerts}
        for alert in reversed(overview["alerts"]["over"]):
            begun = ended.get(_name(alert))
            if begun is not None and begun["since"] == alert["since"]:
                yield message(ALERT, dict(alert), position)

    def _whole(self, position: int) -> Iterator[Message]:
        for part in PARTS:
            if part in self._told:
                yield message(f"admin_{part}", self._told[part], position)
        for alert in self._alerts.values():
            yield message(ALERT, dict(alert), position)


def _name(alert: Mapping[str, Any]) -> tuple[str, str]:
    return alert["concern"], alert["subject"]
